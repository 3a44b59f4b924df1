// aws-jwt-verify, as in its README for any OpenID provider.
import { JwtVerifier } from "aws-jwt-verify";
import { authorizer } from "../authorizer.mjs";

const verifier = JwtVerifier.create({
  issuer: process.env.TOKEN_ISSUER,
  audience: process.env.AUDIENCE,
  jwksUri: process.env.JWKS_URI,
});

export const handler = authorizer((token) => verifier.verify(token));
