// The pipeline: handlers, state machine, what wakes it, who is told.
const { Duration, RemovalPolicy, Stack } = require("aws-cdk-lib");
const events = require("aws-cdk-lib/aws-events");
const eventTargets = require("aws-cdk-lib/aws-events-targets");
const iam = require("aws-cdk-lib/aws-iam");
const lambda = require("aws-cdk-lib/aws-lambda");
const sources = require("aws-cdk-lib/aws-lambda-event-sources");
const logs = require("aws-cdk-lib/aws-logs");
const scheduler = require("aws-cdk-lib/aws-scheduler");
const schedulerTargets = require("aws-cdk-lib/aws-scheduler-targets");
const sns = require("aws-cdk-lib/aws-sns");
const sqs = require("aws-cdk-lib/aws-sqs");
const sfn = require("aws-cdk-lib/aws-stepfunctions");
const tasks = require("aws-cdk-lib/aws-stepfunctions-tasks");
const { handler } = require("./components");

function pipeline(app, lake) {
  const stack = new Stack(app, "pipeline", { env: lake.env });
  const notices = new sns.Topic(stack, "Notices", {
    topicName: `${lake.prefix}-notices`,
    masterKey: lake.key(stack),
    enforceSSL: true,
  });
  notices.grantPublish(new iam.ServicePrincipal("cloudwatch.amazonaws.com"));
  const machine = stateMachine(stack, lake, handlers(stack, lake), notices);
  const deadLetters = queue(stack, lake, "DeadLetters", "dead-letters", { retentionPeriod: Duration.days(14) });
  const retried = { deadLetterQueue: deadLetters, retryAttempts: 10, maxEventAge: Duration.hours(1) };
  arrivals(stack, lake, machine, deadLetters, retried);
  new scheduler.Schedule(stack, "Daily", {
    scheduleName: `${lake.prefix}-daily`,
    schedule: scheduler.ScheduleExpression.cron({ minute: "30", hour: "2" }),
    target: new schedulerTargets.StepFunctionsStartExecution(machine, {
      input: scheduler.ScheduleTargetInput.fromText("{}"), ...retried,
    }),
  });
  new scheduler.Schedule(stack, "JanitorWeekly", {
    scheduleName: `${lake.prefix}-janitor-weekly`,
    schedule: scheduler.ScheduleExpression.cron({ minute: "20", hour: "3", weekDay: "SUN" }),
    target: new schedulerTargets.LambdaInvoke(janitor(stack, lake, deadLetters), {
      input: scheduler.ScheduleTargetInput.fromText(lake.protected ? '{"dry_run":true}' : "{}"), ...retried,
    }),
  });
  new scheduler.Schedule(stack, "BackupWeekly", {
    scheduleName: `${lake.prefix}-backup-weekly`,
    schedule: scheduler.ScheduleExpression.cron({ minute: "20", hour: "4", weekDay: "SUN" }),
    target: new schedulerTargets.LambdaInvoke(backup(stack, lake, deadLetters), {
      input: scheduler.ScheduleTargetInput.fromText(lake.protected ? '{"keep_all":true}' : "{}"), ...retried,
    }),
  });
}

function backup(stack, lake, deadLetterQueue) {
  const ops = lake.bucket(stack, "ops");
  const made = handler(stack, lake, "Backup", "backup", { memory: 1769, deadLetterQueue });
  ops.grantRead(made, "config/*");
  ops.grantRead(made, "runs/*/report.json");
  ops.grantReadWrite(made, "backups/*");
  ops.grantDelete(made, "backups/*");
  lake.ledger(stack).grantReadData(made);
  return made;
}

function janitor(stack, lake, deadLetterQueue) {
  const ops = lake.bucket(stack, "ops");
  const made = handler(stack, lake, "Janitor", "janitor", { deadLetterQueue });
  ops.grantRead(made, "config/lake.json");
  ops.grantReadWrite(made, "janitor/report.json");
  ops.grantDelete(made, "splits/*");
  if (!lake.protected) ops.grantPut(made, "changes/*");
  for (const word of ["silver", "quarantine"]) {
    lake.bucket(stack, word).grantRead(made);
    lake.bucket(stack, word).grantDelete(made);
  }
  lake.bucket(stack, "landing").grantRead(made);
  lake.ledger(stack).grantReadData(made);
  return made;
}

function handlers(stack, lake) {
  const ops = lake.bucket(stack, "ops");
  const [landing, bronze, silver, quarantine] =
    ["landing", "bronze", "silver", "quarantine"].map((word) => lake.bucket(stack, word));
  const ledger = lake.ledger(stack);

  const planRun = handler(stack, lake, "PlanRun", "plan-run");
  landing.grantRead(planRun);
  ops.grantRead(planRun, "config/lake.json");
  ops.grantRead(planRun, "runs/*");
  ops.grantRead(planRun, "taken/*");
  ops.grantPut(planRun, "runs/*");
  ledger.grantReadWriteData(planRun);

  const convert = handler(stack, lake, "Convert", "convert", { memory: 1769, storage: 4096 });
  ops.grantRead(convert, "runs/*/lake.json");
  ops.grantReadWrite(convert, "splits/*");
  ops.grantPut(convert, "changes/*");
  landing.grantRead(convert);
  bronze.grantPut(convert);
  silver.grantReadWrite(convert);
  quarantine.grantPut(convert);
  quarantine.grantRead(convert, "rows/*");
  ledger.grantReadWriteData(convert);

  const commit = handler(stack, lake, "Commit", "commit", { seconds: 120 });
  ops.grantRead(commit, "runs/*/lake.json");
  silver.grantRead(commit);

  const runCrawlers = handler(stack, lake, "RunCrawlers", "run-crawlers", { memory: 256 });

  const account = handler(stack, lake, "Account", "account");
  ops.grantRead(account, "runs/*/plan.json");
  ops.grantRead(account, "runs/*/failed/*");
  ops.grantRead(account, "runs/*/synced/*");
  ops.grantRead(account, "runs/*/models/*");
  ops.grantRead(account, "taken/*");
  ops.grantPut(account, "runs/*/report.json");
  ops.grantPut(account, "taken/*");
  ops.grantPut(account, "runs/*/failed/*");
  ops.grantPut(account, "tables/files/*");
  ops.grantPut(account, "tables/runs/*");
  ledger.grantReadWriteData(account);
  return { planRun, convert, commit, runCrawlers, account };
}

// The same calls as in tarn's own definition, so that the library grants what it thinks they need.
function stateMachine(stack, lake, functions, notices) {
  const sync = lambda.Function.fromFunctionName(stack, "Sync", `${lake.prefix}-sync-*`);
  const ops = lake.bucket(stack, "ops");
  const invoke = (id, lambdaFunction) => new tasks.LambdaInvoke(stack, id, { lambdaFunction });
  const each = (id, lambdaFunction) => new sfn.DistributedMap(stack, `Every${id}`, {
    itemReader: new sfn.S3JsonItemReader({ bucket: ops, key: `runs/${id}.jsonl` }),
    resultWriterV2: new sfn.ResultWriterV2({ bucket: ops, prefix: "runs/" }),
  }).itemProcessor(invoke(id, lambdaFunction));
  const steps = [
    each("ConvertOne", functions.convert), each("CommitOne", functions.commit),
    each("SyncOne", sync), each("CrawlOne", functions.runCrawlers), invoke("Balance", functions.account),
    new tasks.SnsPublish(stack, "Tell", { topic: notices, message: sfn.TaskInput.fromText("a mail") }),
  ];
  const destination = new logs.LogGroup(stack, "PipelineLogs", {
    logGroupName: `/aws/vendedlogs/states/${lake.prefix}-pipeline`,
    retention: lake.logsDays,
    encryptionKey: lake.key(stack),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const machine = new sfn.StateMachine(stack, "Pipeline", {
    stateMachineName: `${lake.prefix}-pipeline`,
    stateMachineType: sfn.StateMachineType.STANDARD,
    definitionBody: sfn.DefinitionBody.fromChainable(
      steps.reduce((chain, step) => chain.next(step), sfn.Chain.start(invoke("Plan", functions.planRun)))),
    tracingEnabled: true,
    logs: { destination, level: sfn.LogLevel.ALL, includeExecutionData: false },
  });
  lake.key(stack).grantEncryptDecrypt(machine);
  return machine;
}

function arrivals(stack, lake, machine, queue_, retried) {
  const arrived = queue(stack, lake, "Arrivals", "arrivals", {
    deliveryDelay: Duration.minutes(1),
    visibilityTimeout: Duration.seconds(240),
    retentionPeriod: Duration.days(4),
    deadLetterQueue: { queue: queue_, maxReceiveCount: 5 },
  });
  new events.Rule(stack, "ArrivalsRule", {
    ruleName: `${lake.prefix}-arrivals`,
    eventPattern: {
      source: ["aws.s3"],
      detailType: ["Object Created"],
      detail: { bucket: { name: [lake.bucketName("landing")] } },
    },
    targets: [new eventTargets.SqsQueue(arrived, retried)],
  });
  const trigger = handler(stack, lake, "Trigger", "trigger", { seconds: 30 });
  machine.grantStartExecution(trigger);
  trigger.addEventSource(new sources.SqsEventSource(arrived, {
    batchSize: 1000,
    maxBatchingWindow: Duration.seconds(5),
    maxConcurrency: 2,
  }));
}

function queue(stack, lake, id, word, more) {
  return new sqs.Queue(stack, id, {
    queueName: `${lake.prefix}-${word}`,
    encryption: sqs.QueueEncryption.KMS,
    encryptionMasterKey: lake.key(stack),
    enforceSSL: true,
    removalPolicy: RemovalPolicy.DESTROY,
    ...more,
  });
}

module.exports = { pipeline };
