// The part that all contestants on Node.js have in common: event and answer of a TOKEN
// authorizer that allows the caller that verify returns.
export const authorizer = (verify) => async (event) => {
  let claims;
  try {
    claims = await verify(event.authorizationToken.replace(/^Bearer /, ""));
  } catch {
    throw new Error("Unauthorized"); // with exactly this message API Gateway answers 401
  }
  const [arn, stage] = event.methodArn.split("/");
  return {
    principalId: claims.sub,
    policyDocument: {
      Version: "2012-10-17",
      Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: `${arn}/${stage}/*` }],
    },
    context: { scope: claims.scope },
  };
};
