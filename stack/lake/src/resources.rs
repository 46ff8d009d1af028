//! The one place that spells the names of AWS resources. Templates, handlers and the command line
//! ask here, so a name is never passed around where it can be derived.

use crate::{EnvironmentName, Handler, Lake, LakeName, ZoneName};

/// The longest name S3 takes for a bucket.
pub const LONGEST_BUCKET_NAME: usize = 63;

/// A lake in an account and a region: enough to name everything it owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    lake: LakeName,
    environment: EnvironmentName,
    account: String,
    region: String,
}

/// The buckets of a lake.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Where sources put raw files.
    Landing,
    /// Raw files as they came.
    Bronze,
    /// Typed Parquet.
    Silver,
    /// What models make; only of a lake that has models.
    Gold,
    /// Rows and files that break the rules.
    Quarantine,
    /// Handler archives, templates, work lists and reports of runs.
    Ops,
    /// Access logs of the other buckets.
    Logs,
    /// A zone's own copy.
    Zone(ZoneName),
}

/// The Glue databases of a lake.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Database {
    /// The typed tables.
    Silver,
    /// What models make; only of a lake that has models.
    Gold,
    /// A zone's own tables.
    Zone(ZoneName),
}

/// The stacks of a lake. The order is the order of deployment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StackId {
    /// Key, log and ops buckets, ledger.
    Foundation,
    /// Tier buckets, databases, the custom-resource handler.
    Storage,
    /// Handlers, state machine, events.
    Pipeline,
    /// Athena workgroup.
    Consumption,
    /// Everything of one zone.
    Zone(ZoneName),
}

impl StackId {
    /// The stacks of every lake.
    pub const SHARED: [Self; 4] = [Self::Foundation, Self::Storage, Self::Pipeline, Self::Consumption];
}

impl Names {
    /// Names in a known account and region.
    pub fn new(
        lake: LakeName,
        environment: EnvironmentName,
        account: impl Into<String>,
        region: impl Into<String>,
    ) -> Self {
        Self { lake, environment, account: account.into(), region: region.into() }
    }

    /// Names for a template: account and region are CloudFormation's own variables, so the texts
    /// must stand inside `Fn::Sub`.
    pub fn for_template(lake: LakeName, environment: EnvironmentName) -> Self {
        Self::new(lake, environment, "${AWS::AccountId}", "${AWS::Region}")
    }

    /// `retail-dev`: what every name begins with.
    pub fn prefix(&self) -> String {
        format!("{}-{}", self.lake, self.environment)
    }

    /// The lake that the names are of.
    pub fn lake(&self) -> &LakeName {
        &self.lake
    }

    /// Its environment.
    pub fn environment(&self) -> &EnvironmentName {
        &self.environment
    }

    /// The account that the names are for.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region that the names are for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// `retail-dev-silver-123456789012-eu-west-1`: unique among all buckets of the world.
    pub fn bucket(&self, bucket: &Bucket) -> String {
        format!("{}-{}-{}-{}", self.prefix(), bucket.word(), self.account, self.region)
    }

    /// `retail_dev_silver`.
    pub fn database(&self, database: &Database) -> String {
        let word = match database {
            Database::Silver => "silver",
            Database::Gold => "gold",
            Database::Zone(zone) => zone.as_str(),
        };
        format!("{}_{word}", self.prefix()).replace('-', "_")
    }

    /// `retail_dev_ops`: the tables in which the lake keeps what it knows of itself. No zone can be
    /// called so.
    pub fn ops_database(&self) -> String {
        format!("{}_ops", self.prefix()).replace('-', "_")
    }

    /// `retail_dev_pii`: the key of the tags that say how much a column tells of a person. An account has
    /// one list of keys for all of its lakes.
    pub fn pii_tag(&self) -> String {
        format!("{}_pii", self.prefix()).replace('-', "_")
    }

    /// `retail-dev-marketing`: the filter of a table in silver that a zone reads a part of. A table has a
    /// list of its own.
    pub fn filter(&self, zone: &ZoneName) -> String {
        format!("{}-{zone}", self.prefix())
    }

    /// `retail-dev-storage`.
    pub fn stack(&self, stack: &StackId) -> String {
        format!("{}-{stack}", self.prefix())
    }

    /// `retail-dev-convert`.
    pub fn function(&self, handler: Handler) -> String {
        format!("{}-{}", self.prefix(), handler.name())
    }

    /// `retail-dev-govern-eu-west-1`: a role with a name of its own, because an administrator
    /// of Lake Formation may have to let it in, and could not if every attempt made another role.
    pub fn govern_role(&self) -> String {
        format!("{}-{}", self.function(Handler::Govern), self.region)
    }

    /// `retail-dev`: what takes jobs of Spark.
    pub fn spark_application(&self) -> String {
        self.prefix()
    }

    /// `retail-dev-spark-eu-west-1`: the role of jobs of Spark. It has a name of its own because whoever begins a job
    /// says which role it has.
    pub fn spark_role(&self) -> String {
        format!("{}-spark-{}", self.prefix(), self.region)
    }

    /// The same as an ARN.
    pub fn spark_role_arn(&self) -> String {
        let partition = match self.region.split_once('-').map_or("", |(continent, _)| continent) {
            "cn" => "aws-cn",
            "us" if self.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:iam::{}:role/{}", self.account, self.spark_role())
    }

    /// `retail-dev-sync-marketing`: every zone has a sync function with rights of its own.
    pub fn sync_function(&self, zone: &ZoneName) -> String {
        format!("{}-{zone}", self.function(Handler::Sync))
    }

    /// `retail-dev-silver`: the crawler of a database. Gold has none: nothing lies there that tarn did
    /// not register.
    pub fn crawler(&self, database: &Database) -> String {
        match database {
            Database::Silver => format!("{}-silver", self.prefix()),
            Database::Gold => format!("{}-gold", self.prefix()),
            Database::Zone(zone) => format!("{}-{zone}", self.prefix()),
        }
    }

    /// `retail-dev-ledger`, a DynamoDB table.
    pub fn ledger(&self) -> String {
        format!("{}-ledger", self.prefix())
    }

    /// `retail-dev-pipeline`, the state machine.
    pub fn state_machine(&self) -> String {
        format!("{}-pipeline", self.prefix())
    }

    /// The state machine's ARN.
    pub fn state_machine_arn(&self) -> String {
        format!("arn:aws:states:{}:{}:stateMachine:{}", self.region, self.account, self.state_machine())
    }

    /// `retail-dev`, or `retail-dev-marketing` for a zone.
    pub fn workgroup(&self, zone: Option<&ZoneName>) -> String {
        match zone {
            None => self.prefix(),
            Some(zone) => format!("{}-{zone}", self.prefix()),
        }
    }

    /// `alias/retail-dev`, the lake's key.
    pub fn key_alias(&self) -> String {
        format!("alias/{}", self.prefix())
    }
}

impl Lake {
    /// The lake's buckets but those of zones.
    pub fn own_buckets(&self) -> Vec<Bucket> {
        let gold = (!self.models.is_empty()).then_some(Bucket::Gold);
        Bucket::OWN.into_iter().chain(gold).collect()
    }
}

impl Bucket {
    /// The buckets of every lake.
    pub const OWN: [Bucket; 6] =
        [Bucket::Landing, Bucket::Bronze, Bucket::Silver, Bucket::Quarantine, Bucket::Ops, Bucket::Logs];

    /// The word in the bucket's name.
    pub fn word(&self) -> &str {
        match self {
            Bucket::Landing => "landing",
            Bucket::Bronze => "bronze",
            Bucket::Silver => "silver",
            Bucket::Gold => "gold",
            Bucket::Quarantine => "quarantine",
            Bucket::Ops => "ops",
            Bucket::Logs => "logs",
            Bucket::Zone(zone) => zone.as_str(),
        }
    }
}

impl std::fmt::Display for StackId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StackId::Foundation => f.write_str("foundation"),
            StackId::Storage => f.write_str("storage"),
            StackId::Pipeline => f.write_str("pipeline"),
            StackId::Consumption => f.write_str("consumption"),
            StackId::Zone(zone) => write!(f, "zone-{zone}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_derived_in_one_place() {
        let names = Names::new(
            LakeName::new("my-shop").unwrap(),
            EnvironmentName::new("dev").unwrap(),
            "123456789012",
            "eu-west-1",
        );
        let zone = ZoneName::new("data-science").unwrap();
        assert_eq!(names.bucket(&Bucket::Silver), "my-shop-dev-silver-123456789012-eu-west-1");
        assert_eq!(names.database(&Database::Zone(zone.clone())), "my_shop_dev_data_science");
        assert_eq!(names.sync_function(&zone), "my-shop-dev-sync-data-science");
        assert_eq!(names.stack(&StackId::Zone(zone)), "my-shop-dev-zone-data-science");
    }
}
