// Prints the context of cdk.json with other settings, as the CDK CLI passes it to the app:
// make synthesizes for this machine without the CLI.
//
//	node infra/cli/context.js KEY=VALUE …
//
// Arguments without "=" are left out: these are the options -c in front of settings.
const fs = require("fs");
const path = require("path");

let context;
try {
  ({ context = {} } = JSON.parse(fs.readFileSync(path.join(__dirname, "../../cdk.json"))));
} catch (error) {
  console.error("cdk.json: " + error.message);
  process.exit(1);
}
for (const argument of process.argv.slice(2)) {
  const equals = argument.indexOf("=");
  if (equals > 0) context[argument.slice(0, equals)] = argument.slice(equals + 1);
}
console.log(JSON.stringify(context));
