// SPDX-License-Identifier: ISC
// check.js FOLDER <MANIFESTS: validates an array of Kubernetes objects (JSON on standard input) against the schemas in
// FOLDER/node_modules. Says what is wrong and ends with 1 where one is not right.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(join(resolve(process.argv[2]), "package.json")));
const kinds = {
  Deployment: require("kubernetes-models/apps/v1/Deployment").Deployment,
  StatefulSet: require("kubernetes-models/apps/v1/StatefulSet").StatefulSet,
};
let count = 0;

for (const object of JSON.parse(readFileSync(0, "utf8"))) {
  if (!kinds[object.kind]) throw new Error(`no such kind: ${object.kind}`);
  try {
    new kinds[object.kind](object).validate();
  } catch (error) {
    console.error(`${object.metadata?.name}: ${error.message}`);
    process.exitCode = 1;
  }
  count++;
}
console.log(`${count} checked`);
