//! What a stack needs of Lake Formation is there, whole, and in the right order.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Found, Template, breach, items, texts};

const GRANTS: &str = "Custom::LakeFormationGrants";
const LOCATION: &str = "Custom::LakeFormationLocation";
const SETTINGS: &str = "Custom::LakeFormationSettings";
const TAGS: &str = "Custom::LakeFormationTags";

const DESCRIBES: &[&str] = &["CREATE_TABLE", "DESCRIBE"];
const REGISTERS: &[&str] = &["ALTER", "DESCRIBE", "INSERT"];
/// And what it takes to take away what a zone may not have any more.
const KEEPS: &[&str] = &["ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT"];

/// And what it takes that Athena reads them.
const REGISTERS_AND_READS: &[&str] = &["ALTER", "DESCRIBE", "INSERT", "SELECT"];

/// What a role may do on the database, on its tables, over its bucket.
type Rights = [&'static [&'static str]; 3];
const READS: Rights = [&["DESCRIBE"], &["DESCRIBE", "SELECT"], &[]];

/// Each role in the catalog.
const ROLES: [(&str, Tier, Rights); 6] = [
    ("CrawlerRole", SILVER, [DESCRIBES, REGISTERS, &["DATA_LOCATION_ACCESS"]]),
    ("CommitRole", SILVER, [DESCRIBES, REGISTERS, &["DATA_LOCATION_ACCESS"]]),
    ("ModelRole", GOLD, [DESCRIBES, REGISTERS, &["DATA_LOCATION_ACCESS"]]),
    ("UpkeepRole", GOLD, [&["DESCRIBE"], &["ALTER", "DESCRIBE"], &["DATA_LOCATION_ACCESS"]]),
    ("SyncRole", SILVER, [DESCRIBES, KEEPS, &["DATA_LOCATION_ACCESS"]]),
    ("ReaderRole", SILVER, READS),
];

/// Those of a template. Who may begin a statement in Athena reads what it may read of.
fn roles(template: &Template<'_>) -> Vec<(&'static str, Tier, Rights)> {
    let policies = items(&template.resource("ModelRole")["Properties"]["Policies"]).iter();
    let mut statements = policies.flat_map(|policy| items(&policy["PolicyDocument"]["Statement"]));
    let asks = statements.any(|it| texts(&it["Action"]).contains(&"athena:StartQueryExecution"));
    let mut roles: Vec<_> = ROLES.into_iter().filter(|(role, ..)| template.has(role)).collect();
    if asks {
        roles
            .iter_mut()
            .filter(|(role, ..)| *role == "ModelRole")
            .for_each(|it| it.2[1] = REGISTERS_AND_READS);
        roles.push(("ModelRole", SILVER, READS));
    }
    roles
}

/// Every role that works in the catalog is granted what it needs there, and nothing more is granted.
pub fn every_role_has_its_grants(template: &Template<'_>) -> Found {
    let lists = template.of_type(GRANTS);
    let all = lists.iter().flat_map(|(_, list)| items(&list["Properties"]["Grants"]));
    // What is shared of silver, by its columns, is in `shares.rs`.
    let all = all.filter(|grant| !is_share(template, grant));
    let (given, named): (Vec<&Value>, Vec<&Value>) =
        all.partition(|grant| !grant["Principal"]["Fn::GetAtt"].is_null());
    let mut found = vec![];
    let mut wanted = 0;
    for (role, tier, rights) in roles(template) {
        for (kind, rights) in ["Database", "Tables", "Location"].into_iter().zip(rights) {
            wanted += usize::from(!rights.is_empty());
            let fits = |grant: &&&Value| {
                grant["Principal"] == json!({"Fn::GetAtt": [role, "Arn"]})
                    && grant["Permissions"] == json!(rights)
                    && grant["Grantable"].is_null()
                    && on_tier(template, &grant["Resource"], kind, tier)
            };
            if !rights.is_empty() && given.iter().filter(fits).count() != 1 {
                found.push(breach(role, format!("is not granted {rights:?} on its {kind}")));
            }
        }
    }
    for grant in named {
        let principal = grant["Principal"]["Fn::ImportValue"].as_str().unwrap_or_default();
        let is_allowed = match principal.ends_with("-GovernRoleArn") {
            true => template.has("Silver") && is_registering(template, grant),
            false => is_reading(template, grant),
        };
        if !is_allowed {
            found.push(breach("Grants", format!("somebody may do more than read: {grant}")));
        }
    }
    if given.len() != wanted {
        found.push(breach("Grants", format!("grants {} times what is needed {wanted} times", given.len())));
    }
    found
}

/// Whether a zone's stack grants a reader columns of a table of silver, or to see that database.
fn is_share(template: &Template<'_>, grant: &Value) -> bool {
    let resource = &grant["Resource"];
    let is_silver = |name: &Value| name.as_str().is_some_and(|name| name.ends_with("_silver"));
    let columns = !items(&resource["Table"]["Columns"]["Only"]).is_empty();
    let select = grant["Permissions"] == json!(["SELECT"]);
    if is_silver(&resource["Filter"]["Database"]) {
        return template.has("ReaderRole") && select && is_filter_of(template, &resource["Filter"]);
    }
    template.has("ReaderRole")
        && (is_silver(&resource["Database"]["Name"]) && grant["Permissions"] == json!(["DESCRIBE"])
            || is_silver(&resource["Table"]["Database"]) && columns && select)
}

/// Whether the same list makes the filter, and it shows some columns and some rows.
fn is_filter_of(template: &Template<'_>, granted: &Value) -> bool {
    let filters = items(&template.resource("Grants")["Properties"]["Filters"]);
    filters.iter().any(|filter| {
        let address =
            json!({"Database": filter["Database"], "Table": filter["Table"], "Name": filter["Name"]});
        let shows =
            !items(&filter["Columns"]).is_empty() && filter["Rows"].as_str().is_some_and(|it| !it.is_empty());
        address == *granted && shows
    })
}

/// Whether a grant is to read the stack's database: as a whole, or columns that it names.
fn is_reading(template: &Template<'_>, grant: &Value) -> bool {
    let reads = [("Database", json!(["DESCRIBE"])), ("Tables", json!(["DESCRIBE", "SELECT"]))];
    let fits = |(kind, rights): &(&str, Value)| {
        let on_gold = || template.has("Gold") && on_tier(template, &grant["Resource"], kind, GOLD);
        grant["Permissions"] == *rights && (on(template, &grant["Resource"], kind) || on_gold())
    };
    let table = &grant["Resource"]["Table"];
    let by_column = grant["Permissions"] == json!(["SELECT"])
        && !items(&table["Columns"]["Only"]).is_empty()
        && on(template, &json!({"Tables": {"Database": table["Database"]}}), "Tables");
    (template.has("Silver") || template.has("ReaderRole")) && (reads.iter().any(fits) || by_column)
}

/// Whether a grant is one of those that registering tables takes.
fn is_registering(template: &Template<'_>, grant: &Value) -> bool {
    let location: &[&str] = &["DATA_LOCATION_ACCESS"];
    let rights = [("Database", DESCRIBES), ("Tables", REGISTERS), ("Location", location)];
    rights
        .into_iter()
        .any(|(kind, rights)| grant["Permissions"] == json!(rights) && on(template, &grant["Resource"], kind))
}

/// What a tier's resources are called: its database, its location, and the word in names.
type Tier = (&'static str, &'static str, &'static str);
const SILVER: Tier = ("Database", "Location", "silver");
const GOLD: Tier = ("GoldDatabase", "GoldLocation", "gold");

/// Whether a resource of a grant is the database of the stack, its tables, or the bucket below it.
fn on(template: &Template<'_>, resource: &Value, kind: &str) -> bool {
    on_tier(template, resource, kind, SILVER)
}

/// The same of a tier. The pipeline's stand elsewhere.
fn on_tier(template: &Template<'_>, resource: &Value, kind: &str, (database, location, word): Tier) -> bool {
    let name = template.resource(database)["Properties"]["DatabaseInput"]["Name"].as_str();
    let is_database = |found: &Value| match (found.as_str(), name) {
        (Some(found), Some(name)) => found == name,
        (Some(found), None) => template.has("CommitRole") && found.ends_with(&format!("_{word}")),
        _ => false,
    };
    let bucket = bucket_name(template, template.resource(location));
    match kind {
        "Database" => is_database(&resource["Database"]["Name"]),
        "Tables" => is_database(&resource["Tables"]["Database"]),
        _ => {
            let arn = resource["Location"]["Arn"]["Fn::Sub"].as_str().unwrap_or_default();
            let elsewhere = template.has("CommitRole") && arn.contains(&format!("-{word}-"));
            bucket.map_or(elsewhere, |bucket| arn.ends_with(&format!(":::{bucket}")))
        }
    }
}

/// The name of the bucket that a location is.
fn bucket_name<'t>(template: &Template<'t>, location: &Value) -> Option<&'t str> {
    let bucket = location["Properties"]["Location"]["Fn::GetAtt"][0].as_str()?;
    template.resource(bucket)["Properties"]["BucketName"]["Fn::Sub"].as_str()
}

/// The bucket below a database is looked after, and no other. What the lake knows of itself lies under
/// a prefix of the ops bucket, where Athena writes results: nothing that is looked after may lie there.
pub fn the_bucket_below_a_database_is_governed(template: &Template<'_>) -> Found {
    let mut found = vec![];
    let mut databases = 0;
    for (id, database) in template.of_type("AWS::Glue::Database") {
        let uri = database["Properties"]["DatabaseInput"]["LocationUri"]["Fn::Sub"].as_str();
        let name = database["Properties"]["DatabaseInput"]["Name"].as_str().unwrap_or_default();
        let of_ops = "-ops-${AWS::AccountId}-${AWS::Region}/tables/";
        if name.ends_with("_ops") && uri.is_some_and(|uri| uri.ends_with(of_ops)) {
            continue;
        }
        let governed = template.of_type(LOCATION).into_iter().filter(|(_, location)| {
            let bucket = location["Properties"]["Location"]["Fn::GetAtt"][0].as_str().unwrap_or_default();
            uri == Some(&format!("s3://${{{bucket}}}/"))
        });
        databases += 1;
        if governed.count() != 1 {
            found.push(breach(id, "lies over a bucket that Lake Formation does not look after"));
        }
    }
    if template.of_type(LOCATION).len() != databases {
        found.push(breach("Location", "is of a bucket that no database lies over"));
    }
    found
}

/// A bucket is looked after under a role of its own, which may read it and nothing else, and which
/// Lake Formation alone may take.
pub fn a_location_has_its_own_role(template: &Template<'_>) -> Found {
    let trusted = json!([{
        "Effect": "Allow", "Principal": {"Service": "lakeformation.amazonaws.com"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }]);
    let wrong = template.of_type(LOCATION).into_iter().filter(|(id, location)| {
        let role = template.resource(&format!("{id}Role"));
        let policies = &role["Properties"]["Policies"];
        let statements = items(&policies[0]["PolicyDocument"]["Statement"]);
        let rights: Vec<Value> = statements.iter().map(right).collect();
        let trusts = role["Properties"]["AssumeRolePolicyDocument"]["Statement"] == trusted;
        let one = items(policies).len() == 1 && role["Type"] == "AWS::IAM::Role";
        let key = statements.last().map_or(&Value::Null, |statement| &statement["Resource"]);
        let is_key = key["Fn::ImportValue"].as_str().is_some_and(|name| name.ends_with("-KeyArn"))
            || key.as_str().is_some_and(|arn| arn.contains(":kms:"));
        let bucket = location["Properties"]["Location"]["Fn::GetAtt"][0].as_str().unwrap_or_default();
        let lists = ["s3:GetBucketLocation", "s3:ListBucket"];
        let wanted = [
            json!({"Action": lists, "Resource": {"Fn::GetAtt": [bucket, "Arn"]}}),
            json!({"Action": "s3:GetObject", "Resource": {"Fn::Sub": format!("${{{bucket}.Arn}}/*")}}),
            json!({"Action": "kms:Decrypt", "Resource": key}),
        ];
        let is_own = location["Properties"]["Role"] == json!({"Fn::GetAtt": [format!("{id}Role"), "Arn"]});
        !(is_own && one && trusts && is_key && rights == wanted)
    });
    wrong.map(|(id, _)| breach(id, "lacks a role that may read it and nothing else")).collect()
}

/// What a statement allows.
fn right(statement: &Value) -> Value {
    if statement["Effect"] != "Allow" {
        return Value::Null;
    }
    json!({"Action": statement["Action"], "Resource": statement["Resource"]})
}

/// Lake Formation is asked for by our function, whose role is an administrator as long as it stands.
pub fn our_function_governs(template: &Template<'_>) -> Found {
    let mut found = vec![];
    for (id, resource) in
        [GRANTS, LOCATION, SETTINGS, TAGS].into_iter().flat_map(|kind| template.of_type(kind))
    {
        let token = resource["Properties"]["ServiceToken"]["Fn::Sub"].as_str().unwrap_or_default();
        if !token.ends_with("-govern") {
            found.push(breach(id, "asks another function"));
        }
        if resource["DeletionPolicy"] != "Delete" || resource["UpdateReplacePolicy"] != "Delete" {
            found.push(breach(id, "leaves rights behind that are nobody's any more"));
        }
    }
    let (readers, settings): (Vec<_>, Vec<_>) =
        template.of_type(SETTINGS).into_iter().partition(|(id, _)| *id == "BackupReads");
    for (id, settings) in settings {
        let properties = &settings["Properties"];
        let is_ours = id == "Administrator";
        let role = properties["Administrator"]["Fn::ImportValue"].as_str().unwrap_or_default();
        let right =
            if is_ours { role.ends_with("-GovernRoleArn") } else { properties["Administrator"].is_string() };
        let in_time = properties["OfTheLake"] == if is_ours { "true" } else { "false" };
        if !right || !in_time || !properties["ReadOnly"].is_null() {
            found.push(breach(id, "makes somebody an administrator who should not be, or for too long"));
        }
    }
    found.extend(who_backs_up_only_sees(template, &readers));
    let is_let_in = template.of_type(SETTINGS).iter().any(|(id, _)| *id == "Administrator");
    if template.has("Govern") && !is_let_in {
        found.push(breach("Govern", "is no administrator, and can grant nothing"));
    }
    let invocations = template.resource("GovernInvocations");
    let is_asked_once = invocations["Type"] == "AWS::Lambda::EventInvokeConfig"
        && invocations["Properties"]["FunctionName"] == json!({"Ref": "Govern"});
    if template.has("Govern") && !is_asked_once {
        found.push(breach("Govern", "a failed request would be repeated after the rollback"));
    }
    if template.has("Ledger") {
        found.extend(the_role_can_be_let_in_first(template));
    }
    found
}

/// Who backs up is on the list of those who see everything, as long as it stands, and may change nothing.
fn who_backs_up_only_sees(template: &Template<'_>, readers: &[(&str, &Value)]) -> Found {
    let wanted = json!({"Administrator": {"Fn::GetAtt": ["BackupRole", "Arn"]}, "OfTheLake": "true", "ReadOnly": "true"});
    let says = |settings: &Value| {
        wanted
            .as_object()
            .is_some_and(|wanted| wanted.iter().all(|(key, value)| settings["Properties"][key] == *value))
    };
    if template.has("BackupRole") != (readers.len() == 1) || !readers.iter().all(|(_, it)| says(it)) {
        return vec![breach("BackupReads", "who backs up sees too little, or may change something")];
    }
    let policies = &template.resource("BackupRole")["Properties"]["Policies"];
    let statements = items(policies).iter().flat_map(|p| items(&p["PolicyDocument"]["Statement"]));
    let rights = statements.flat_map(|statement| texts(&statement["Action"]));
    let governs = |right: &&str| right.starts_with("lakeformation:") || right.starts_with("glue:");
    let sees = |right: &str| {
        ["Get", "List", "Describe"]
            .iter()
            .any(|verb| right.split(':').nth(1).is_some_and(|it| it.starts_with(verb)))
    };
    let changes = rights.filter(governs).filter(|right| !sees(right));
    changes.map(|right| breach("BackupRole", format!("may change something: {right}"))).collect()
}

/// An administrator of the account must know the role before storage, which fails without it.
fn the_role_can_be_let_in_first(template: &Template<'_>) -> Option<(String, String)> {
    let role = &template.resource("GovernRole")["Properties"];
    let name = role["RoleName"]["Fn::Sub"].as_str().unwrap_or_default();
    let statements = items(&role["Policies"]).iter().flat_map(|p| items(&p["PolicyDocument"]["Statement"]));
    let rights: BTreeSet<&str> = statements.flat_map(|statement| texts(&statement["Action"])).collect();
    let needed = [
        "lakeformation:AddLFTagsToResource",
        "lakeformation:BatchGrantPermissions",
        "lakeformation:BatchRevokePermissions",
        "lakeformation:CreateDataCellsFilter",
        "lakeformation:CreateLFTag",
        "lakeformation:DeleteDataCellsFilter",
        "lakeformation:DeleteLFTag",
        "lakeformation:DeregisterResource",
        "lakeformation:DescribeResource",
        "lakeformation:GetDataCellsFilter",
        "lakeformation:GetDataLakeSettings",
        "lakeformation:GetLFTag",
        "lakeformation:GetResourceLFTags",
        "lakeformation:GrantPermissions",
        "lakeformation:ListPermissions",
        "lakeformation:PutDataLakeSettings",
        "lakeformation:RegisterResource",
        "lakeformation:RemoveLFTagsFromResource",
        "lakeformation:RevokePermissions",
        "lakeformation:UpdateDataCellsFilter",
        "lakeformation:UpdateLFTag",
        "iam:PassRole",
    ];
    let whole = name.ends_with("-govern-${AWS::Region}") && needed.iter().all(|need| rights.contains(need));
    (!whole).then(|| breach("GovernRole", "has no name of its own, or cannot do its work"))
}

/// First who grants, then the database, then the bucket below it, then the grants.
pub fn grants_wait(template: &Template<'_>) -> Found {
    let order = [
        ("Tags", "Grants"),
        ("Grants", "Location"),
        ("Grants", "GoldLocation"),
        ("GoldLocation", "GoldDatabase"),
        ("GoldLocation", "GoldLocationRole"),
        ("GoldLocation", "Administrator"),
        ("Grants", "Database"),
        ("Grants", "Administrator"),
        ("Location", "Database"),
        ("Location", "LocationRole"),
        ("Location", "Administrator"),
        ("Administrator", "Govern"),
        ("Administrator", "GovernInvocations"),
        ("Administrator", "GovernLogs"),
        ("BroughtAdministrator", "Administrator"),
        ("BackupReads", "Backup"),
    ];
    let broken = order.into_iter().filter(|(later, earlier)| {
        template.has(later) && template.has(earlier) && !waits_for(template, later).contains(*earlier)
    });
    broken.map(|(later, earlier)| breach(later, format!("does not wait for `{earlier}`"))).collect()
}

/// What a resource waits for, directly or by way of others.
fn waits_for(template: &Template<'_>, id: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![id.to_owned()];
    while let Some(next) = open.pop() {
        let resource = template.resource(&next);
        let mut named: Vec<String> = texts(&resource["DependsOn"]).into_iter().map(str::to_owned).collect();
        references(&resource["Properties"], &mut named);
        open.extend(named.into_iter().filter(|name| reached.insert(name.clone())));
    }
    reached
}

/// The resources that a value refers to.
fn references(value: &Value, found: &mut Vec<String>) {
    let Some(map) = value.as_object() else {
        return value.as_array().into_iter().flatten().for_each(|item| references(item, found));
    };
    found.extend(value["Ref"].as_str().map(str::to_owned));
    found.extend(value["Fn::GetAtt"][0].as_str().map(str::to_owned));
    let parts = value["Fn::Sub"].as_str().into_iter().flat_map(|text| text.split("${").skip(1));
    found.extend(parts.filter_map(|part| Some(part.split(['}', '.']).next()?.to_owned())));
    map.values().for_each(|item| references(item, found));
}
