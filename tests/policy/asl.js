// Prints what asl-validator finds in state machines. Standard input: a JSON list of
// {template, resource, definition}; output: the same with a list of messages.
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

const validate = createRequire(path.join(process.argv[2], "package.json"))("asl-validator");

const machines = JSON.parse(fs.readFileSync(0, "utf8"));
for (const machine of machines) {
  const { errors } = validate(machine.definition, { checkPaths: true, checkArn: true });
  machine.messages = errors.map((error) => `${error["Error code"]}: ${error.Message ?? error.message}`);
  delete machine.definition;
}
console.log(JSON.stringify(machines));
