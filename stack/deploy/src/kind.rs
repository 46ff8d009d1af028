//! The kinds of things that a lake has in an account, and how one is told from its type or its ARN.

/// A kind of thing that a lake has in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// CloudFormation stacks.
    Stack,
    /// S3 buckets.
    Bucket,
    /// DynamoDB tables.
    Table,
    /// KMS keys.
    Key,
    /// KMS aliases.
    KeyAlias,
    /// Secrets in Secrets Manager.
    Secret,
    /// IAM roles.
    Role,
    /// IAM policies that stand beside roles.
    Policy,
    /// Lambda functions.
    Function,
    /// What feeds functions from queues.
    Mapping,
    /// Log groups.
    LogGroup,
    /// Glue databases.
    Database,
    /// Glue crawlers.
    Crawler,
    /// SQS queues.
    Queue,
    /// SNS topics.
    Topic,
    /// EventBridge rules.
    Rule,
    /// EventBridge schedules.
    Schedule,
    /// Step Functions state machines.
    StateMachine,
    /// Athena workgroups.
    Workgroup,
    /// Applications of EMR Serverless, by their ids.
    SparkApplication,
    /// CloudWatch alarms.
    Alarm,
    /// Rights in Lake Formation that roles of the lake hold.
    Grant,
    /// Buckets that Lake Formation looks after.
    Location,
    /// Roles of the lake among Lake Formation's administrators.
    Administrator,
    /// Keys of tags in Lake Formation.
    Tag,
    /// Data cells filters in Lake Formation.
    Filter,
    /// Whatever else bears the lake's tags.
    Other,
}

/// Word for one and for many, CloudFormation's type where there is one, and how an ARN of it looks:
/// the service, and what the resource begins with.
type Row = (Kind, &'static str, &'static str, Option<(&'static str, &'static str)>);

const ROWS: [Row; 27] = [
    (Kind::Stack, "stacks", "AWS::CloudFormation::Stack", Some(("cloudformation", "stack/"))),
    (Kind::Bucket, "buckets", "AWS::S3::Bucket", Some(("s3", ""))),
    (Kind::Table, "tables of DynamoDB", "AWS::DynamoDB::Table", Some(("dynamodb", "table/"))),
    (Kind::Key, "keys", "AWS::KMS::Key", Some(("kms", "key/"))),
    (Kind::KeyAlias, "key aliases", "AWS::KMS::Alias", None),
    (Kind::Secret, "secrets", "AWS::SecretsManager::Secret", Some(("secretsmanager", "secret:"))),
    (Kind::Role, "roles", "AWS::IAM::Role", Some(("iam", "role/"))),
    (Kind::Policy, "policies", "AWS::IAM::ManagedPolicy", Some(("iam", "policy/"))),
    (Kind::Function, "functions", "AWS::Lambda::Function", Some(("lambda", "function:"))),
    (
        Kind::Mapping,
        "event source mappings",
        "AWS::Lambda::EventSourceMapping",
        Some(("lambda", "event-source-mapping:")),
    ),
    (Kind::LogGroup, "log groups", "AWS::Logs::LogGroup", Some(("logs", "log-group:"))),
    (Kind::Database, "databases of Glue", "AWS::Glue::Database", Some(("glue", "database/"))),
    (Kind::Crawler, "crawlers", "AWS::Glue::Crawler", Some(("glue", "crawler/"))),
    (Kind::Queue, "queues", "AWS::SQS::Queue", Some(("sqs", ""))),
    (Kind::Topic, "topics", "AWS::SNS::Topic", Some(("sns", ""))),
    (Kind::Rule, "event rules", "AWS::Events::Rule", Some(("events", "rule/"))),
    (Kind::Schedule, "schedules", "AWS::Scheduler::Schedule", Some(("scheduler", "schedule/"))),
    (
        Kind::StateMachine,
        "state machines",
        "AWS::StepFunctions::StateMachine",
        Some(("states", "stateMachine:")),
    ),
    (Kind::Workgroup, "workgroups", "AWS::Athena::WorkGroup", Some(("athena", "workgroup/"))),
    (Kind::SparkApplication, "Spark applications", "", Some(("emr-serverless", "/applications/"))),
    (Kind::Alarm, "alarms", "AWS::CloudWatch::Alarm", Some(("cloudwatch", "alarm:"))),
    (Kind::Grant, "rights in Lake Formation", "", None),
    (Kind::Location, "locations of Lake Formation", "", None),
    (Kind::Administrator, "administrators of Lake Formation", "", None),
    (Kind::Tag, "tags of Lake Formation", "", None),
    (Kind::Filter, "filters of Lake Formation", "", None),
    (Kind::Other, "other things with the lake's tags", "", None),
];

/// What a name may begin with before the lake's own begins.
const LEADS: [&str; 4] = ["/aws/lambda/", "/aws/vendedlogs/states/", "/aws-glue/crawlers/", "alias/"];

impl Kind {
    /// All of them, in the order in which they are told.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.0)
    }

    /// Whether it holds data, or is needed to read it.
    pub fn holds_data(self) -> bool {
        matches!(self, Self::Bucket | Self::Table | Self::Key | Self::KeyAlias | Self::Secret)
    }

    /// What many of it are called.
    pub fn word(self) -> &'static str {
        ROWS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The kind of a CloudFormation type.
    pub fn of_type(resource_type: &str) -> Option<Self> {
        ROWS.iter().find(|row| !row.2.is_empty() && row.2 == resource_type).map(|row| row.0)
    }

    /// Kind and name of what an ARN names.
    pub fn of_arn(arn: &str) -> (Self, &str) {
        let mut parts = arn.splitn(6, ':').skip(2);
        let service = parts.next().unwrap_or_default();
        let resource = parts.nth(2).unwrap_or_default();
        let fits = |row: &&Row| row.3.is_some_and(|(of, lead)| of == service && resource.starts_with(lead));
        let Some((kind, _, _, Some((_, lead)))) = ROWS.iter().find(fits) else { return (Self::Other, arn) };
        let name = resource.strip_prefix(lead).unwrap_or(resource);
        (*kind, kind.name_within(name))
    }

    /// What is written beside a name in an ARN: a stack's id, a group's or a path's words, a version.
    fn name_within(self, name: &str) -> &str {
        match self {
            Self::Stack => name.split('/').next().unwrap_or(name),
            Self::Role | Self::Policy | Self::Schedule | Self::Rule => {
                name.rsplit('/').next().unwrap_or(name)
            }
            Self::LogGroup => name.trim_end_matches(":*"),
            _ => name,
        }
    }

    /// The name by which this kind is listed, of what CloudFormation calls its physical id.
    pub(crate) fn name_of_physical_id(self, id: &str) -> String {
        match self {
            Self::Queue => id.rsplit('/').next().unwrap_or(id).to_owned(),
            _ if id.starts_with("arn:") => Self::of_arn(id).1.to_owned(),
            Self::Rule => id.rsplit('|').next().unwrap_or(id).to_owned(),
            _ => id.to_owned(),
        }
    }
}

/// By what a thing is known to be the lake's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// What the names of the lake begin with, without a dash behind it.
    pub base: String,
    /// What bucket names end with.
    pub bucket_end: String,
    /// What names of other lakes begin with, which begin like ours: `shop-dev` and `shop-dev-eu`.
    pub others: Vec<String>,
}

impl Marks {
    /// Whether a name is the lake's.
    pub fn fit(&self, kind: Kind, name: &str) -> bool {
        let name = LEADS.iter().find_map(|lead| name.strip_prefix(lead)).unwrap_or(name);
        let is_of = |base: &str| {
            let after = |base: &str| name.strip_prefix(base).map(|rest| rest.chars().next());
            let rest = after(base).or_else(|| after(&base.replace('-', "_")));
            rest.is_some_and(|next| next.is_none_or(|next| !next.is_ascii_alphanumeric()))
        };
        is_of(&self.base)
            && !self.others.iter().any(|other| is_of(other))
            && (kind != Kind::Bucket || name.ends_with(&self.bucket_end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_tells_kind_and_name() {
        let told = [
            ("arn:aws:s3:::shop-dev-silver-1-r", Kind::Bucket, "shop-dev-silver-1-r"),
            ("arn:aws:lambda:r:1:function:shop-dev-run", Kind::Function, "shop-dev-run"),
            ("arn:aws:lambda:r:1:event-source-mapping:4f", Kind::Mapping, "4f"),
            ("arn:aws:iam::1:role/deep/shop-dev-role", Kind::Role, "shop-dev-role"),
            ("arn:aws:emr-serverless:r:1:/applications/00f1", Kind::SparkApplication, "00f1"),
            (
                "arn:aws:logs:r:1:log-group:/aws/lambda/shop-dev-run:*",
                Kind::LogGroup,
                "/aws/lambda/shop-dev-run",
            ),
            ("arn:aws:cloudformation:r:1:stack/shop-dev-storage/7a", Kind::Stack, "shop-dev-storage"),
            ("arn:aws:scheduler:r:1:schedule/default/shop-dev-daily", Kind::Schedule, "shop-dev-daily"),
            ("arn:aws:sqs:r:1:shop-dev-arrivals", Kind::Queue, "shop-dev-arrivals"),
            ("arn:aws:elasticache:r:1:cluster:x", Kind::Other, "arn:aws:elasticache:r:1:cluster:x"),
        ];
        for (arn, kind, name) in told {
            assert_eq!(Kind::of_arn(arn), (kind, name), "{arn}");
        }
    }

    #[test]
    fn a_row_for_each_kind_and_a_kind_for_each_row() {
        let words: std::collections::BTreeSet<_> = Kind::all().map(Kind::word).collect();
        assert_eq!(words.len(), ROWS.len());
        assert_eq!(Kind::of_type("AWS::Glue::Crawler"), Some(Kind::Crawler));
        assert_eq!(Kind::of_type(""), None);
        assert_eq!(
            Kind::Queue.name_of_physical_id("https://sqs.r.x/1/shop-dev-arrivals"),
            "shop-dev-arrivals"
        );
    }

    #[test]
    fn names_that_look_alike_are_told_apart() {
        let others = vec!["shop-dev-eu".to_owned()];
        let marks = Marks { base: "shop-dev".into(), bucket_end: "-1-r".into(), others };
        for name in
            ["shop-dev", "shop-dev-run", "/aws/lambda/shop-dev-run", "shop_dev_silver", "alias/shop-dev"]
        {
            assert!(marks.fit(Kind::Role, name), "{name}");
        }
        for name in ["shop", "shop-devil", "shop-dev-eu-run", "shop_dev_eu_silver", "my-shop-dev"] {
            assert!(!marks.fit(Kind::Role, name), "{name}");
        }
        assert!(marks.fit(Kind::Bucket, "shop-dev-silver-1-r"));
        assert!(!marks.fit(Kind::Bucket, "shop-dev-silver-1-elsewhere"));
    }
}
