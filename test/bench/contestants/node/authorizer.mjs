// What all contestants on Node.js have in common: the event and the answer of a TOKEN
// authorizer that lets in whoever verify returns.
export const authorizer = (verify) => async (event) => {
  let claims;
  try {
    claims = await verify(event.authorizationToken.replace(/^Bearer /, ""));
  } catch {
    throw new Error("Unauthorized"); // to the letter: API Gateway makes a 401 of it
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
