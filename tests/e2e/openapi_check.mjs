// SPDX-License-Identifier: MIT
// Reads {document, answers: [{path, method, status, media, body}]} and says what is wrong, a line each: the
// document by OpenAPI 3.1's own schema, each JSON answer by the schema that the document promises for it.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.argv[2]}/node_modules/`);
const { Validator } = await import(
  require.resolve("@seriousme/openapi-schema-validator/package.json").replace("package.json", "index.js"));
const Ajv = require("ajv/dist/2020").default;

const { document, answers } = JSON.parse(readFileSync(0, "utf8"));
const verdict = await new Validator().validate(structuredClone(document));
if (!verdict.valid) console.log(`document: ${JSON.stringify(verdict.errors)}`);

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: "https://nephos/api", components: document.components });
for (const { path, method, status, media, body } of answers) {
  const where = `${method} ${path} ${status} ${media}`;
  const content = document.paths[path]?.[method]?.responses?.[status]?.content;
  const promised = content?.[media]?.schema;
  if (!promised) {
    console.log(`${where}: not described`);
    continue;
  }
  if (!media.includes("json")) continue;
  const text = JSON.stringify(promised).replaceAll("#/", "https://nephos/api#/");
  const validate = ajv.compile(JSON.parse(text));
  if (!validate(body)) console.log(`${where}: ${ajv.errorsText(validate.errors)}`);
}
console.log(`checked ${answers.length}`);
