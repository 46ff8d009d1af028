//! The contract of the ledger: leases, fencing, and what is never overwritten.

use futures::future::join_all;
use tarn_lake::TableName;

use super::kind_of;
use crate::ports::Ledger;
use crate::{Claim, Kind, Lease, MOST_ATTEMPTS, Outcome, Past, Record, RunId, Selection, SourceId, Status};

const NOW: i64 = 1_748_779_200_000;
const UNTIL: i64 = NOW + 1_000;

/// Runs every case.
pub async fn ledger<L: Ledger>(make: impl AsyncFn() -> L) {
    unknown_sources_have_no_record(&make().await).await;
    many_records_come_in_one_answer(&make().await).await;
    a_lease_shows_in_the_record(&make().await).await;
    a_held_lease_is_not_given_again(&make().await).await;
    of_many_workers_one_gets_the_lease(&make().await).await;
    an_expired_lease_fences_its_worker_out(&make().await).await;
    a_run_takes_its_own_lease_again_and_fences_its_first_worker_out(&make().await).await;
    a_result_counts_once(&make().await).await;
    what_is_settled_is_never_leased(&make().await).await;
    what_failed_is_leased_a_few_times(&make().await).await;
    a_note_overwrites_only_what_is_open(&make().await).await;
    what_was_skipped_can_be_leased(&make().await).await;
    what_is_asked_for_is_selected_and_nothing_else(&make().await).await;
    more_records_than_a_page_holds_are_selected(&make().await).await;
    what_is_opened_again_is_leased_once_and_remembers(&make().await).await;
    what_has_failed_too_often_gets_as_many_attempts_again(&make().await).await;
    a_record_that_was_changed_or_is_held_is_not_opened(&make().await).await;
    a_note_over_what_was_opened_again_keeps_its_history(&make().await).await;
    only_what_is_done_can_be_retired(&make().await).await;
    a_record_is_restored_whole_and_only_over_what_was_read(&make().await).await;
}

async fn unknown_sources_have_no_record(ledger: &dyn Ledger) {
    assert!(ledger.records(&[]).await.unwrap().is_empty());
    grant(ledger, "known", NOW).await;
    let found = ledger.records(&[id("known"), id("unknown")]).await.unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), [&id("known")]);
}

async fn many_records_come_in_one_answer(ledger: &dyn Ledger) {
    let ids: Vec<SourceId> = (0..250).map(|n| id(&format!("many-{n}"))).collect();
    for id in &ids {
        ledger.note(&record(id.as_str(), Status::Skipped, "run-1")).await.unwrap();
    }
    let found = ledger.records(&ids).await.unwrap();
    assert_eq!(found.len(), ids.len());
    assert!(found.iter().all(|(id, record)| record.source_id == *id));
}

async fn a_lease_shows_in_the_record(ledger: &dyn Ledger) {
    assert_eq!(ledger.lease(&lease("s", NOW)).await.unwrap(), Claim::Granted { attempt: 1 });
    let expected = Record {
        status: Status::Leased,
        attempt: 1,
        lease_until_millis: UNTIL,
        outcome: Outcome::default(),
        ..record("s", Status::Leased, "run-1")
    };
    assert_eq!(look(ledger, "s").await, expected);
}

async fn a_held_lease_is_not_given_again(ledger: &dyn Ledger) {
    grant(ledger, "s", NOW).await;
    for now in [NOW, UNTIL - 1, UNTIL] {
        match ledger.lease(&Lease { run: run("run-2"), ..lease("s", now) }).await.unwrap() {
            Claim::Taken(holder) => assert_eq!((holder.attempt, holder.run), (1, run("run-1"))),
            granted => panic!("{granted:?} while it is held"),
        }
    }
    assert_eq!(look(ledger, "s").await.lease_until_millis, UNTIL, "asking does not prolong it");
}

async fn of_many_workers_one_gets_the_lease(ledger: &dyn Ledger) {
    let leases: Vec<Lease> =
        (0..10).map(|n| Lease { run: run(&format!("r{n}")), ..lease("s", NOW) }).collect();
    let claims = join_all(leases.iter().map(|lease| ledger.lease(lease))).await;
    let granted = claims.into_iter().filter(|claim| matches!(claim, Ok(Claim::Granted { attempt: 1 })));
    assert_eq!(granted.count(), 1);
}

async fn a_run_takes_its_own_lease_again_and_fences_its_first_worker_out(ledger: &dyn Ledger) {
    ledger.lease(&lease("s", NOW)).await.unwrap();
    let again = ledger.lease(&lease("s", NOW)).await.unwrap();
    assert_eq!(again, Claim::Granted { attempt: 2 }, "the state machine tries again at once");
    let (id, run) = (SourceId::from("s".to_owned()), lease("s", NOW).run);
    let late = ledger.settle(&id, &run, 1, Status::Done, &Outcome::default()).await;
    assert_eq!(kind_of(late), Some(Kind::Conflict), "the first worker's result does not count");
    ledger.settle(&id, &run, 2, Status::Done, &Outcome::default()).await.unwrap();
}

async fn an_expired_lease_fences_its_worker_out(ledger: &dyn Ledger) {
    let old = grant(ledger, "s", NOW).await;
    let again = Lease { run: run("run-2"), until_millis: UNTIL + 9_000, ..lease("s", UNTIL + 1) };
    let Claim::Granted { attempt: new } = ledger.lease(&again).await.unwrap() else {
        panic!("the lease ran out, so another worker gets it");
    };
    assert!(new > old, "{new} is higher than {old}");

    let zombie = ledger.settle(&id("s"), &run("run-1"), old, Status::Done, &outcome(1)).await;
    assert_eq!(kind_of(zombie), Some(Kind::Conflict));
    let held = look(ledger, "s").await;
    assert_eq!((held.status, held.attempt, held.run), (Status::Leased, new, run("run-2")));

    ledger.settle(&id("s"), &run("run-2"), new, Status::Done, &outcome(2)).await.unwrap();
    let zombie = ledger.settle(&id("s"), &run("run-1"), old, Status::Failed, &outcome(1)).await;
    assert_eq!(kind_of(zombie), Some(Kind::Conflict));
    let done = look(ledger, "s").await;
    assert_eq!((done.status, done.run, done.outcome), (Status::Done, run("run-2"), outcome(2)));
}

async fn a_result_counts_once(ledger: &dyn Ledger) {
    let settle = |attempt, rows| async move {
        ledger.settle(&id("s"), &run("run-1"), attempt, Status::Done, &outcome(rows)).await
    };
    assert_eq!(kind_of(settle(1, 1).await), Some(Kind::Conflict), "nobody leased it");
    assert!(ledger.records(&[id("s")]).await.unwrap().is_empty(), "and that leaves no record");
    let attempt = grant(ledger, "s", NOW).await;
    assert_eq!(kind_of(settle(attempt + 1, 1).await), Some(Kind::Conflict), "no such attempt");
    settle(attempt, 2).await.unwrap();
    assert_eq!(kind_of(settle(attempt, 3).await), Some(Kind::Conflict), "settled before");
    let done = look(ledger, "s").await;
    assert_eq!((done.status, done.attempt, done.outcome), (Status::Done, attempt, outcome(2)));
}

async fn what_is_settled_is_never_leased(ledger: &dyn Ledger) {
    for (source, status) in [("done", Status::Done), ("quarantined", Status::Quarantined)] {
        let attempt = grant(ledger, source, NOW).await;
        ledger.settle(&id(source), &run("run-1"), attempt, status, &outcome(1)).await.unwrap();
        let much_later = lease(source, UNTIL + 1_000_000_000);
        match ledger.lease(&much_later).await.unwrap() {
            Claim::Taken(record) => assert_eq!((record.status, record.outcome), (status, outcome(1))),
            granted => panic!("{granted:?} over {status:?}"),
        }
    }
}

async fn what_failed_is_leased_a_few_times(ledger: &dyn Ledger) {
    for expected in 1..=MOST_ATTEMPTS {
        let attempt = grant(ledger, "s", NOW).await;
        assert_eq!(attempt, expected);
        assert_eq!(look(ledger, "s").await.outcome, Outcome::default(), "a lease wipes the old outcome");
        let failed = Outcome::failed("no luck");
        ledger.settle(&id("s"), &run("run-1"), attempt, Status::Failed, &failed).await.unwrap();
        assert_eq!(look(ledger, "s").await.outcome, failed);
    }
    let claim = ledger.lease(&lease("s", UNTIL + 1)).await.unwrap();
    assert!(matches!(&claim, Claim::Taken(record) if record.status == Status::Failed), "{claim:?}");
}

async fn a_note_overwrites_only_what_is_open(ledger: &dyn Ledger) {
    let noted = |source| Record { attempt: 3, ..record(source, Status::Skipped, "run-2") };
    ledger.note(&noted("new")).await.unwrap();
    assert_eq!(look(ledger, "new").await, noted("new"));

    for (status, is_open) in [
        (Status::Failed, true),
        (Status::Skipped, true),
        (Status::Done, false),
        (Status::Quarantined, false),
        (Status::Leased, false),
    ] {
        let source = status.word();
        let attempt = grant(ledger, source, NOW).await;
        if status != Status::Leased {
            ledger.settle(&id(source), &run("run-1"), attempt, status, &outcome(1)).await.unwrap();
        }
        let before = look(ledger, source).await;
        ledger.note(&noted(source)).await.unwrap();
        let expected = if is_open { noted(source) } else { before };
        assert_eq!(look(ledger, source).await, expected, "over {status:?}");
    }
}

async fn what_was_skipped_can_be_leased(ledger: &dyn Ledger) {
    let skipped = Record { table: None, ..record("s", Status::Skipped, "run-1") };
    ledger.note(&skipped).await.unwrap();
    assert_eq!(look(ledger, "s").await, skipped);
    assert_eq!(grant(ledger, "s", NOW).await, 1);
    let leased = look(ledger, "s").await;
    assert_eq!((leased.status, leased.table), (Status::Leased, Some(table())));
}

async fn what_is_asked_for_is_selected_and_nothing_else(ledger: &dyn Ledger) {
    let other = TableName::new("orders").unwrap();
    let noted = |source: &str, run, status| record(source, status, run);
    ledger.note(&noted("b", "run-1", Status::Skipped)).await.unwrap();
    ledger.note(&Record { table: Some(other.clone()), ..noted("a", "run-1", Status::Failed) }).await.unwrap();
    ledger.note(&Record { table: None, ..noted("c", "run-2", Status::Skipped) }).await.unwrap();
    ledger.note(&Record { key: "elsewhere".into(), ..noted("d", "run-2", Status::Failed) }).await.unwrap();
    let found = async |selection: Selection| -> Vec<String> {
        let records = ledger.select(&selection).await.unwrap();
        records.into_iter().map(|record| record.source_id.to_string()).collect()
    };
    let all = Selection::default();
    assert_eq!(found(all.clone()).await, ["d", "a", "b", "c"], "in the order of keys");
    assert_eq!(found(Selection { status: Some(Status::Failed), ..all.clone() }).await, ["d", "a"]);
    assert_eq!(found(Selection { table: Some(other.clone()), ..all.clone() }).await, ["a"]);
    assert_eq!(found(Selection { run: Some(run("run-2")), ..all.clone() }).await, ["d", "c"]);
    assert_eq!(found(Selection { prefix: "in/".into(), ..all.clone() }).await, ["a", "b", "c"]);
    assert_eq!(found(Selection { prefix: key("b"), ..all.clone() }).await, ["b"]);
    let both = Selection { status: Some(Status::Failed), run: Some(run("run-1")), ..all };
    assert_eq!(found(both.clone()).await, ["a"]);
    assert!(found(Selection { prefix: "else".into(), ..both }).await.is_empty());
    let whole = ledger.select(&Selection { prefix: key("b"), ..Selection::default() }).await.unwrap();
    assert_eq!(whole, [noted("b", "run-1", Status::Skipped)], "as it was written");
}

async fn more_records_than_a_page_holds_are_selected(ledger: &dyn Ledger) {
    // More than a megabyte, which is what DynamoDB reads at a time.
    for number in 0..12 {
        let reason = "x".repeat(100_000);
        let outcome = Outcome { reason, ..outcome(0) };
        let noted = Record { outcome, ..record(&format!("{number:02}"), Status::Skipped, "run-1") };
        ledger.note(&noted).await.unwrap();
    }
    let found = ledger.select(&Selection::default()).await.unwrap();
    let found: Vec<String> = found.into_iter().map(|record| record.source_id.to_string()).collect();
    assert_eq!(found, (0..12).map(|number| format!("{number:02}")).collect::<Vec<_>>());
}

async fn what_is_opened_again_is_leased_once_and_remembers(ledger: &dyn Ledger) {
    for (source, status) in [("done", Status::Done), ("quarantined", Status::Quarantined)] {
        let attempt = grant(ledger, source, NOW).await;
        ledger.settle(&id(source), &run("run-1"), attempt, status, &outcome(1)).await.unwrap();
        let before = look(ledger, source).await;
        ledger.reopen(&before, NOW + 5, "ana").await.unwrap();
        let past = Past {
            run: run("run-1"),
            status,
            attempt,
            outcome: Outcome { outputs: Vec::new(), ..outcome(1) },
            reopened_millis: NOW + 5,
            reopened_by: "ana".into(),
        };
        let history = vec![past];
        let opened = Record { status: Status::Reopened, history: history.clone(), ..before.clone() };
        assert_eq!(look(ledger, source).await, opened, "what is in silver stays known");
        assert_eq!(kind_of(ledger.reopen(&opened, NOW, "ben").await), Some(Kind::Conflict), "open already");
        let late = ledger.settle(&id(source), &run("run-1"), attempt, Status::Done, &outcome(9)).await;
        assert_eq!(kind_of(late), Some(Kind::Conflict), "who settled it before cannot do so again");

        let again = Lease { run: run("run-2"), ..lease(source, NOW) };
        assert_eq!(ledger.lease(&again).await.unwrap(), Claim::Granted { attempt: attempt + 1 });
        let third = Lease { run: run("run-3"), ..lease(source, NOW) };
        assert!(matches!(ledger.lease(&third).await.unwrap(), Claim::Taken(_)), "one of many gets it");
        assert_eq!(look(ledger, source).await.history, history, "a lease keeps it");
        ledger.settle(&id(source), &run("run-2"), attempt + 1, Status::Done, &outcome(2)).await.unwrap();
        let settled = look(ledger, source).await;
        assert_eq!((settled.status, settled.outcome), (Status::Done, outcome(2)));
        assert_eq!(settled.history, history, "and so does its end");
    }
}

async fn what_has_failed_too_often_gets_as_many_attempts_again(ledger: &dyn Ledger) {
    let fail = async || {
        let attempt = grant(ledger, "s", NOW).await;
        let failed = Outcome::failed("no luck");
        ledger.settle(&id("s"), &run("run-1"), attempt, Status::Failed, &failed).await.unwrap();
        attempt
    };
    for _ in 0..MOST_ATTEMPTS {
        fail().await;
    }
    assert!(matches!(ledger.lease(&lease("s", NOW)).await.unwrap(), Claim::Taken(_)));
    ledger.reopen(&look(ledger, "s").await, NOW, "ana").await.unwrap();
    for expected in MOST_ATTEMPTS + 1..=2 * MOST_ATTEMPTS {
        assert_eq!(fail().await, expected, "attempts are never counted down");
    }
    assert!(matches!(ledger.lease(&lease("s", NOW)).await.unwrap(), Claim::Taken(_)));
}

async fn a_record_that_was_changed_or_is_held_is_not_opened(ledger: &dyn Ledger) {
    let attempt = grant(ledger, "s", NOW).await;
    let held = look(ledger, "s").await;
    assert_eq!(kind_of(ledger.reopen(&held, NOW, "ana").await), Some(Kind::Conflict), "somebody works on it");
    ledger.settle(&id("s"), &run("run-1"), attempt, Status::Failed, &outcome(1)).await.unwrap();
    let failed = look(ledger, "s").await;
    let attempt = grant(ledger, "s", NOW).await;
    ledger.settle(&id("s"), &run("run-1"), attempt, Status::Done, &outcome(2)).await.unwrap();
    let done = look(ledger, "s").await;
    for stale in [held, failed, Record { run: run("run-2"), ..done.clone() }, record("x", Status::Done, "r")]
    {
        assert_eq!(kind_of(ledger.reopen(&stale, NOW, "ana").await), Some(Kind::Conflict), "{stale:?}");
    }
    assert_eq!(look(ledger, "s").await, done);
    ledger.note(&record("skipped", Status::Skipped, "run-1")).await.unwrap();
    let skipped = look(ledger, "skipped").await;
    assert_eq!(kind_of(ledger.reopen(&skipped, NOW, "ana").await), Some(Kind::Conflict), "nothing to open");
    assert_eq!(ledger.select(&Selection::default()).await.unwrap().len(), 2, "and no record came to be");
}

async fn a_note_over_what_was_opened_again_keeps_its_history(ledger: &dyn Ledger) {
    let attempt = grant(ledger, "s", NOW).await;
    ledger.settle(&id("s"), &run("run-1"), attempt, Status::Done, &outcome(1)).await.unwrap();
    ledger.reopen(&look(ledger, "s").await, NOW, "ana").await.unwrap();
    let history = look(ledger, "s").await.history;
    let noted = Record { table: None, attempt, ..record("s", Status::Skipped, "run-2") };
    ledger.note(&noted).await.unwrap();
    assert_eq!(look(ledger, "s").await, Record { history, ..noted }, "the lake has no such table any more");
}

async fn grant(ledger: &dyn Ledger, source: &str, now: i64) -> u32 {
    match ledger.lease(&lease(source, now)).await.unwrap() {
        Claim::Granted { attempt } => attempt,
        Claim::Taken(record) => panic!("{source} is taken: {record:?}"),
    }
}

async fn look(ledger: &dyn Ledger, source: &str) -> Record {
    let mut found = ledger.records(&[id(source)]).await.unwrap();
    found.remove(&id(source)).unwrap_or_else(|| panic!("there is no record of {source}"))
}

fn lease(source: &str, now_millis: i64) -> Lease {
    Lease {
        source_id: id(source),
        key: key(source),
        version: "v1".into(),
        table: table(),
        run: run("run-1"),
        now_millis,
        until_millis: UNTIL,
    }
}

fn record(source: &str, status: Status, of_run: &str) -> Record {
    Record {
        source_id: id(source),
        key: key(source),
        version: "v1".into(),
        table: Some(table()),
        run: run(of_run),
        status,
        attempt: 0,
        lease_until_millis: 0,
        outcome: outcome(0),
        history: Vec::new(),
    }
}

/// Every field filled, with text that has to survive the way there and back.
fn outcome(rows: u64) -> Outcome {
    Outcome {
        class: "CLASS".into(),
        reason: "a \"reason\"\nof two lines, \u{fc}\u{1f30a}".into(),
        rows,
        bad_rows: 7,
        nulled_values: 11,
        bytes_in: u64::from(u32::MAX) * 8,
        bytes_out: 9,
        outputs: vec!["t/part-1.parquet".into(), "t/part 2.parquet".into()],
        settled_millis: NOW + rows as i64,
    }
}

fn id(source: &str) -> SourceId {
    SourceId::from(source.to_owned())
}

fn key(source: &str) -> String {
    format!("in/{source} \u{fc}+%2B.csv")
}

fn run(id: &str) -> RunId {
    RunId::new(id).unwrap()
}

fn table() -> TableName {
    TableName::new("events").unwrap()
}

async fn only_what_is_done_can_be_retired(ledger: &dyn Ledger) {
    let outcome = Outcome { class: "REPLACED".into(), ..Outcome::default() };
    ledger.retire(&id("unknown"), &outcome).await.unwrap();
    assert!(ledger.records(&[id("unknown")]).await.unwrap().is_empty());
    for status in [Status::Done, Status::Quarantined, Status::Failed] {
        let name = status.word();
        let Claim::Granted { attempt } = ledger.lease(&lease(name, NOW)).await.unwrap() else {
            panic!("{name} is taken")
        };
        ledger.retire(&id(name), &outcome).await.unwrap();
        assert_eq!(look(ledger, name).await.status, Status::Leased, "nobody takes a lease away");
        ledger.settle(&id(name), &run("run-1"), attempt, status, &Outcome::default()).await.unwrap();
        ledger.retire(&id(name), &outcome).await.unwrap();
        let record = look(ledger, name).await;
        let is_retired = (record.status, &record.outcome) == (Status::Skipped, &outcome);
        assert_eq!(is_retired, status == Status::Done, "{name}: {record:?}");
        assert_eq!((record.attempt, record.run), (1, run("run-1")));
    }
    assert_eq!(ledger.lease(&lease("done", NOW)).await.unwrap(), Claim::Granted { attempt: 2 });
}

async fn a_record_is_restored_whole_and_only_over_what_was_read(ledger: &dyn Ledger) {
    let past = |attempt| Past {
        run: run("run-0"),
        status: Status::Done,
        attempt,
        outcome: Outcome { outputs: Vec::new(), ..outcome(3) },
        reopened_millis: NOW,
        reopened_by: "ana".into(),
    };
    let reopened =
        Record { history: vec![past(2), past(30)], attempt: 31, ..record("s", Status::Failed, "run-1") };
    let strange = Record { table: None, ..record("strange", Status::Skipped, "run-1") };
    for record in [&reopened, &strange] {
        ledger.restore(record, None).await.unwrap();
        assert_eq!(
            ledger.records(std::slice::from_ref(&record.source_id)).await.unwrap()[&record.source_id],
            *record
        );
        assert_eq!(kind_of(ledger.restore(record, None).await), Some(Kind::Conflict), "something is there");
    }
    // Its limit came back too: 28 attempts beyond those of before.
    assert_eq!(ledger.lease(&lease("s", NOW)).await.unwrap(), Claim::Granted { attempt: 32 });
    let now = look(ledger, "s").await;
    assert_eq!(kind_of(ledger.restore(&reopened, Some(&reopened)).await), Some(Kind::Conflict));
    assert_eq!(look(ledger, "s").await, now);
    ledger.restore(&reopened, Some(&now)).await.unwrap();
    assert_eq!(look(ledger, "s").await, reopened);
    let absent = record("absent", Status::Done, "run-1");
    assert_eq!(kind_of(ledger.restore(&absent, Some(&absent)).await), Some(Kind::Conflict));
    assert!(ledger.records(&[id("absent")]).await.unwrap().is_empty());
}
