//! What the tests of Lake Formation's four resources share: an account, and CloudFormation's side.

use serde_json::{Value, json};
use tarn_core::CustomResourceRequest;
use tarn_core::jobs::{Answer, AnswerStatus, Govern};
use tarn_core::ports::{Catalog, CatalogTable, Clock};
use tarn_core::testing::{FailAt, Fault, ManualClock, MemoryCatalog, MemoryGovernance};

/// What the function has until it is stopped.
const INVOCATION_MILLIS: i64 = 300_000;

/// A resource of a stack, as CloudFormation treats it.
pub struct Resource {
    pub kind: &'static str,
    pub id: Option<String>,
    pub properties: Value,
}

pub fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

impl Resource {
    pub fn new(kind: &'static str, properties: Value) -> Self {
        Self { kind, id: None, properties }
    }

    pub fn request(&self, verb: &str, old: &Value) -> CustomResourceRequest {
        serde_json::from_value(json!({
            "RequestType": verb, "ResponseURL": "https://secret.example", "StackId": "stack",
            "RequestId": "request", "LogicalResourceId": "Governed", "PhysicalResourceId": self.id,
            "ResourceType": self.kind, "ResourceProperties": self.properties, "OldResourceProperties": old,
        }))
        .unwrap()
    }

    pub async fn answer(&mut self, account: &MemoryGovernance, verb: &str) -> Answer {
        let request = self.request(verb, &Value::Null);
        let answer = answered(account, &request).await;
        self.id = Some(answer.physical_resource_id.clone());
        answer
    }

    pub async fn create(&mut self, account: &MemoryGovernance) -> Answer {
        good(self.answer(account, "Create").await)
    }

    pub async fn delete(&mut self, account: &MemoryGovernance) -> Answer {
        good(self.answer(account, "Delete").await)
    }

    /// Changes the properties; what answers with another id is another resource, and the old one is
    /// deleted.
    pub async fn update(&mut self, account: &MemoryGovernance, properties: Value) -> Answer {
        let old = std::mem::replace(&mut self.properties, properties);
        let answer = good(answered(account, &self.request("Update", &old)).await);
        let new = Some(answer.physical_resource_id.clone());
        if new != self.id {
            let mut replaced = Self { kind: self.kind, id: self.id.clone(), properties: old };
            replaced.delete(account).await;
        }
        self.id = new;
        answer
    }

    /// A Create in which the n-th call fails.
    pub async fn create_failing(&mut self, account: &MemoryGovernance, faults: &FailAt) -> Answer {
        let ports = faults.before(account);
        let clock = ManualClock::default();
        let catalog = catalog().await;
        let job = Govern {
            administration: &ports,
            locations: &ports,
            rights: &ports,
            tags: &ports,
            filters: &ports,
            catalog: &faults.before(&catalog),
            clock: &clock,
        };
        let answer = job.run(&self.request("Create", &Value::Null), deadline(&clock)).await;
        self.id = Some(answer.physical_resource_id.clone());
        answer
    }
}

async fn answered(account: &MemoryGovernance, request: &CustomResourceRequest) -> Answer {
    answered_over(account, &catalog().await, request).await
}

/// A catalog that has a table already.
pub async fn catalog() -> MemoryCatalog {
    let catalog = MemoryCatalog::default();
    let column = |name: &str| (name.to_owned(), "string".to_owned());
    let table = CatalogTable {
        database: "silver".into(),
        name: "people".into(),
        description: String::new(),
        location: "s3://silver/people/".into(),
        columns: ["id", "mail", "city"].map(column).into(),
        partition_keys: vec![column("country")],
    };
    catalog.create(&table).await.unwrap();
    catalog
}

/// The same with a catalog that a test looks into.
pub async fn answered_over(
    account: &MemoryGovernance,
    catalog: &MemoryCatalog,
    request: &CustomResourceRequest,
) -> Answer {
    let clock = ManualClock::default();
    let (administration, locations, rights) = (account, account, account);
    let (filters, tags) = (account, account);
    let job = Govern { administration, locations, rights, filters, tags, catalog, clock: &clock };
    let answer = job.run(request, deadline(&clock)).await;
    let took = clock.now_millis() - ManualClock::default().now_millis();
    assert!(took < INVOCATION_MILLIS - 10_000, "answered after {took} ms");
    answer
}

fn deadline(clock: &ManualClock) -> i64 {
    clock.now_millis() + INVOCATION_MILLIS
}

pub fn good(answer: Answer) -> Answer {
    assert_eq!(answer.status, AnswerStatus::Success, "{}", answer.reason);
    answer
}

/// Whatever call fails, and however: the resource is created, or its rollback leaves the account as
/// it was; and one that was created goes without a trace too.
pub async fn survives_every_fault(make: impl AsyncFn() -> (MemoryGovernance, Resource)) {
    for fault in Fault::ALL {
        for nth in 1.. {
            let (account, mut resource) = make().await;
            let before = picture(&account);
            let faults = FailAt::new(nth, fault);
            let answer = resource.create_failing(&account, &faults).await;
            let passes = matches!(fault, Fault::Refused | Fault::AnswerLost) || !faults.has_struck();
            assert_eq!(
                answer.status == AnswerStatus::Success,
                passes,
                "{fault:?} at {nth}: {}",
                answer.reason
            );
            resource.delete(&account).await;
            assert_eq!(picture(&account), before, "{fault:?} at {nth}");
            if !faults.has_struck() {
                break;
            }
        }
    }
}

/// Everything of an account, to the letter.
pub fn picture(account: &MemoryGovernance) -> String {
    let settings = Value::Object(account.settings_now().0).to_string();
    let (locations, rights, tags) = (account.locations_now(), account.rights_now(), account.tags_now());
    format!("{settings}\n{locations:#?}\n{rights:#?}\n{tags:#?}\n{:#?}", account.filters_now())
}

#[tokio::test]
async fn a_resource_of_another_type_is_refused_and_its_deletion_succeeds() {
    let account = MemoryGovernance::default();
    let mut other = Resource::new("Custom::EmptyBucket", json!({"BucketName": "doomed"}));
    assert_eq!(other.answer(&account, "Create").await.status, AnswerStatus::Failed);
    let mut unknown = Resource::new("Custom::Unknown", json!({}));
    assert_eq!(unknown.answer(&account, "Create").await.status, AnswerStatus::Failed);
    unknown.delete(&account).await;
}

/// The invocation ends while Lake Formation still refuses.
#[tokio::test]
async fn an_answer_comes_before_the_deadline() {
    let account = MemoryGovernance::default();
    account.knows_no_principal_for(u32::MAX);
    let administrator = json!({"Administrator": role("tarn")});
    let request =
        Resource::new("Custom::LakeFormationSettings", administrator).request("Create", &Value::Null);
    for left in [5_000, 20_000, INVOCATION_MILLIS] {
        let clock = ManualClock::default();
        let began = clock.now_millis();
        let catalog = MemoryCatalog::default();
        let job = Govern {
            administration: &account,
            locations: &account,
            rights: &account,
            tags: &account,
            filters: &account,
            catalog: &catalog,
            clock: &clock,
        };
        let answer = job.run(&request, began + left).await;
        assert_eq!(answer.status, AnswerStatus::Failed);
        assert!(answer.reason.contains("Invalid principal"), "{}", answer.reason);
        assert!(clock.now_millis() < began + left, "answered after the deadline");
        assert!(clock.now_millis() - began <= 60_000, "tried for longer than a minute");
    }
}
