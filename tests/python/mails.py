"""What a topic tells: a queue that listens to it, and the subjects that came.

    mails.py ENDPOINT LAKE listen|run|read

`run` starts the pipeline and waits for its end. The topic refuses plain HTTP, and what a state machine
publishes counts as sent the way in which its execution was started; so this start says, as a proxy that ends
TLS would, that there was some.
"""

import json
import sys
import time

import boto3

ENDPOINT, LAKE, VERB = sys.argv[1:4]


def client(service):
    return boto3.client(
        service, endpoint_url=ENDPOINT, region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    )


sns, sqs = client("sns"), client("sqs")
queue = sqs.create_queue(QueueName="mails-of-a-test")["QueueUrl"]
if VERB == "listen":
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = next(t["TopicArn"] for t in sns.list_topics()["Topics"] if t["TopicArn"].endswith(f":{LAKE}-notices"))
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    print("[]")
elif VERB == "run":
    states = client("stepfunctions")
    states.meta.events.register(
        "before-sign.sfn", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https"))
    machines = states.list_state_machines()["stateMachines"]
    machine = next(m["stateMachineArn"] for m in machines if m["name"] == f"{LAKE}-pipeline")
    run = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    while (status := states.describe_execution(executionArn=run)["status"]) == "RUNNING":
        time.sleep(0.3)
    assert status == "SUCCEEDED", status
    print("[]")
else:
    mails = []
    while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            body = json.loads(message["Body"])
            mails.append([body["Subject"], body["Message"]])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    print(json.dumps(mails))
