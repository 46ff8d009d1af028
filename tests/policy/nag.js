// Prints what cdk-nag finds in the templates of a folder, a JSON object a line. A template that the
// CDK cannot even read is a finding.
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

const [tools, ...files] = process.argv.slice(2);
const installed = createRequire(path.join(tools, "package.json"));
const { App, Stack } = installed("aws-cdk-lib");
const { CfnInclude } = installed("aws-cdk-lib/cloudformation-include");
const nag = installed("cdk-nag");

const PACKS = [nag.AwsSolutionsChecks, nag.ServerlessChecks, nag.NIST80053R5Checks];

function* findings(file) {
  const stack = new Stack(new App({ outdir: process.env.TMPDIR }), "S");
  try {
    new CfnInclude(stack, "T", { templateFile: file });
  } catch (error) {
    yield { rule: "refused", resource: "", message: error.message };
    return;
  }
  for (const Pack of PACKS) {
    for (const violation of new Pack().validateScope(stack).violations) {
      for (const { constructPath } of violation.violatingResources) {
        const resource = constructPath.split("/")[2] ?? "";
        yield { rule: violation.ruleName, resource, message: violation.description };
      }
    }
  }
}

for (const file of files) {
  for (const finding of findings(file)) {
    console.log(JSON.stringify({ ...finding, template: path.basename(file) }));
  }
  console.log(JSON.stringify({ seen: path.basename(file) }));
}
