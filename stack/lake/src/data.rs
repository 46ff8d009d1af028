//! Which resources hold what no other deployment brings back.

/// Types of such resources. `Custom::EmptyBucket` holds nothing itself, but when it goes it takes what
/// is in its bucket along.
pub const DATA_BEARING: [&str; 10] = [
    "AWS::Backup::BackupVault",
    "AWS::DynamoDB::Table",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "Custom::EmptyBucket",
];

/// Whether a resource of a type holds data.
pub fn holds_data(resource_type: &str) -> bool {
    DATA_BEARING.contains(&resource_type)
}
