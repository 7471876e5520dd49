// A real OpenID Connect provider on loopback, for tests: people are who they say they are, and their name
// says which groups they are in ("noor" is in none, "noor+staff+editors" in two).
//
// Arguments: the port, and where Swagger UI has people sent back to. GET /rotate gives it another key.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, ...redirects] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

function provider() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const made = new Provider(issuer, {
    clients: [
      {
        client_id: "swagger",
        token_endpoint_auth_method: "none",
        id_token_signed_response_alg: "ES256",
        redirect_uris: redirects,
        response_types: ["code"],
        grant_types: ["authorization_code"],
      },
    ],
    clientBasedCORS: () => true,
    cookies: { keys: ["only for tests"] },
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({
          audience: resource,
          scope: "openid",
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
          jwt: { sign: { alg: "ES256" } },
        }),
      },
    },
    extraTokenClaims: (_, token) => ({ groups: token.accountId.split("+").slice(1) }),
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256" }] },
    pkce: { required: () => true },
  });
  return made.callback();
}

let answer = provider();
createServer((request, response) => {
  if (request.url !== "/rotate") return answer(request, response);
  answer = provider();
  response.end();
}).listen(Number(port), "127.0.0.1", () => console.log("listening"));
