//! What tells that something waits, or is wrong: queues and alarms.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, StateValue, Statistic};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use tarn_aws::loopback::{AsIfByTls, is_loopback};
use tarn_deploy::{Depth, PortError};

use crate::SdkConfig;
use crate::failure::failed;

/// SQS tells the age of its oldest message every five minutes.
const TOLD_EVERY: Duration = Duration::from_secs(300);

/// The queues of the configured account.
#[derive(Debug, Clone)]
pub struct Queues {
    queues: aws_sdk_sqs::Client,
    metrics: aws_sdk_cloudwatch::Client,
}

impl Queues {
    /// Those of the configured account and region.
    pub fn new(config: &SdkConfig) -> Self {
        let mut queues = aws_sdk_sqs::config::Builder::from(config);
        if is_loopback(config) {
            queues = queues.interceptor(AsIfByTls);
        }
        let queues = aws_sdk_sqs::Client::from_conf(queues.build());
        Self { queues, metrics: aws_sdk_cloudwatch::Client::new(config) }
    }

    /// What is in a queue.
    pub async fn depth(&self, url: &str) -> Result<Depth, PortError> {
        let (waiting, taken) =
            (Attribute::ApproximateNumberOfMessages, Attribute::ApproximateNumberOfMessagesNotVisible);
        let later = Attribute::ApproximateNumberOfMessagesDelayed;
        let asked = self.queues.get_queue_attributes().queue_url(url);
        let all = [waiting.clone(), taken.clone(), later.clone()];
        let sent = asked.set_attribute_names(Some(all.into())).send().await;
        let found = sent.map_err(failed(format!("looking into queue {url}")))?.attributes.unwrap_or_default();
        let count = |name: &Attribute| found.get(name).and_then(|text| text.parse().ok()).unwrap_or_default();
        Ok(Depth { waiting: count(&waiting), in_work: count(&taken) + count(&later) })
    }

    /// The age of the oldest message in seconds, where CloudWatch knows it.
    pub async fn oldest(&self, queue: &str) -> Result<Option<u64>, PortError> {
        let now = SystemTime::now();
        let asked = self
            .metrics
            .get_metric_statistics()
            .namespace("AWS/SQS")
            .metric_name("ApproximateAgeOfOldestMessage")
            .dimensions(Dimension::builder().name("QueueName").value(queue).build())
            .start_time(DateTime::from(now - 2 * TOLD_EVERY))
            .end_time(DateTime::from(now))
            .period(TOLD_EVERY.as_secs() as i32)
            .statistics(Statistic::Maximum);
        let sent = asked.send().await.map_err(failed(format!("asking for the age of queue {queue}")))?;
        let newest = sent
            .datapoints
            .unwrap_or_default()
            .into_iter()
            .max_by_key(|point| point.timestamp.map(|time| time.secs()));
        Ok(newest.and_then(|point| point.maximum).map(|seconds| seconds as u64))
    }
}

/// The alarms of the configured account.
#[derive(Debug, Clone)]
pub struct Alarms(aws_sdk_cloudwatch::Client);

impl Alarms {
    /// Those of the configured account and region.
    pub fn new(config: &SdkConfig) -> Self {
        Self(aws_sdk_cloudwatch::Client::new(config))
    }

    /// Those of the named that are in alarm, each with its reason; CloudWatch takes a hundred names.
    pub async fn ringing(&self, names: &[String]) -> Result<Vec<(String, String)>, PortError> {
        let mut ringing = Vec::new();
        for some in names.chunks(100) {
            let asked = self.0.describe_alarms().set_alarm_names(Some(some.to_vec()));
            let sent = asked.state_value(StateValue::Alarm).max_records(100).send().await;
            let found = sent.map_err(failed("looking at the lake's alarms"))?.metric_alarms;
            ringing.extend(
                found.unwrap_or_default().into_iter().map(|alarm| {
                    (alarm.alarm_name.unwrap_or_default(), alarm.state_reason.unwrap_or_default())
                }),
            );
        }
        Ok(ringing)
    }
}
