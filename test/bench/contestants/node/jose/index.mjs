// jose, as in its documentation of createRemoteJWKSet.
import { createRemoteJWKSet, jwtVerify } from "jose";
import { authorizer } from "../authorizer.mjs";

const keys = createRemoteJWKSet(new URL(process.env.JWKS_URI));

export const handler = authorizer(async (token) => {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ["RS256"],
    issuer: process.env.TOKEN_ISSUER,
    audience: process.env.AUDIENCE,
  });
  return payload;
});
