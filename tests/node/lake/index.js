// A lake as somebody would write it with aws-cdk-lib: what tarn's templates are compared with, and
// what `scripts/bench render` synthesises. The argument names a JSON file that says which lake:
// {name, environment, protected, tables, zones: [{name, tables}], logsDays, oldVersionsDays, emptied}.
// Templates go to the folder CDK_OUTDIR, as under `cdk synth`. Nothing may be wrong with them that the
// library itself finds, unless the argument `unchecked` switches that off.
const fs = require("fs");
const { App } = require("aws-cdk-lib");
const context = require("aws-cdk-lib/recommended-feature-flags.json");
const { Lake } = require("./components");
const { pipeline } = require("./pipeline");
const { consumption, foundation, storage } = require("./stacks");
const { zone } = require("./zone");

const lake = new Lake(JSON.parse(fs.readFileSync(process.argv[2], "utf8")));
const checked = { "@aws-cdk/core:validateAgainstDefaultRules": process.argv[3] !== "unchecked" };
const app = new App({ context: { ...context, ...checked }, analyticsReporting: false });
foundation(app, lake);
storage(app, lake);
pipeline(app, lake);
consumption(app, lake);
lake.zones.forEach((each) => zone(app, lake, each));
app.synth();
