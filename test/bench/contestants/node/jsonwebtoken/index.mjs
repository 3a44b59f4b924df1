// jsonwebtoken with jwks-rsa, as in Auth0's sample of an authorizer for API Gateway.
import jwt from "jsonwebtoken";
import jwksRsa from "jwks-rsa";
import { authorizer } from "../authorizer.mjs";

const client = jwksRsa({ cache: true, rateLimit: true, jwksRequestsPerMinute: 10, jwksUri: process.env.JWKS_URI });

export const handler = authorizer(async (token) => {
  const decoded = jwt.decode(token, { complete: true });
  const key = await client.getSigningKey(decoded.header.kid);
  return jwt.verify(token, key.getPublicKey(), {
    algorithms: ["RS256"],
    issuer: process.env.TOKEN_ISSUER,
    audience: process.env.AUDIENCE,
  });
});
