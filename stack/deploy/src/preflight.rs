//! What can be known before a deployment begins: facts of an account, judged one by one.

use serde::Serialize;

use crate::StackState;

/// What was found out. An `Err` says why it could not be.
#[derive(Debug)]
pub struct Facts {
    /// Whether the handlers' archive is there.
    pub handlers: Result<(), String>,
    /// The account and the region of the credentials.
    pub place: Result<(String, String), String>,
    /// The account that the environment belongs to, and its region.
    pub wanted: (Option<String>, Option<String>),
    /// The stacks of the lake.
    pub stacks: Result<Vec<StackState>, String>,
    /// The lake's bucket names, and whether a bucket of that name is there.
    pub buckets: Result<Vec<(String, BucketName)>, String>,
    /// The administrators of Lake Formation.
    pub administrators: Result<Vec<String>, String>,
    /// Who deploys right now.
    pub lock: Result<Option<String>, String>,
    /// How many stacks there is room for; `None` where nothing limits them.
    pub room: Result<Option<Room>, String>,
    /// The role that CloudFormation is to work under, and whether there is one of that name; `None` if
    /// none is named.
    pub service_role: Result<Option<(String, bool)>, String>,
}

/// The stacks of an account and region, beside what CloudFormation allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// How many stand, of whomever.
    pub standing: usize,
    /// How many more the lake needs.
    pub missing: usize,
    /// How many may stand.
    pub most: usize,
}

/// What is known of a bucket's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketName {
    /// No bucket has it.
    Free,
    /// A bucket of this account has it.
    Here,
    /// A bucket has it that this account may not see: another account's.
    Elsewhere,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stays the same from version to version, for `--ignore`.
    pub number: u8,
    /// What was looked at.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What to do about it; `None` where all is well.
    pub way_out: Option<String>,
}

/// Lake Formation takes no more administrators (source: its quotas).
const MOST_ADMINISTRATORS: usize = 30;

/// Judges the facts, in the order of their numbers.
pub fn preflight(facts: &Facts) -> Vec<Check> {
    let mut checks = judged(facts);
    if facts.place.is_err() {
        // Nothing was asked, so nothing else can be done about the rest.
        let unknown = checks.iter_mut().filter(|check| check.number > 2 && check.way_out.is_some());
        unknown.for_each(|check| check.way_out = Some("see 2".into()));
    }
    checks
}

fn judged(facts: &Facts) -> Vec<Check> {
    vec![
        handlers(facts),
        credentials(facts),
        account(facts),
        region(facts),
        stacks(facts),
        buckets(facts),
        lake_formation(facts),
        lock(facts),
        room(facts),
        service_role(facts),
    ]
}

fn good(number: u8, what: &'static str, found: impl Into<String>) -> Check {
    Check { number, what, found: found.into(), way_out: None }
}

fn bad(number: u8, what: &'static str, found: impl Into<String>, way_out: impl Into<String>) -> Check {
    Check { number, what, found: found.into(), way_out: Some(way_out.into()) }
}

fn handlers(facts: &Facts) -> Check {
    match &facts.handlers {
        Ok(()) => good(1, "handlers", "the archive is there"),
        Err(why) => bad(1, "handlers", why, "name its folder with --handlers, or make it with scripts/build"),
    }
}

fn credentials(facts: &Facts) -> Check {
    match &facts.place {
        Ok((account, _)) => good(2, "credentials", format!("they are of the account {account}")),
        Err(why) => bad(2, "credentials", why, "sign in, for example by `aws sso login`, or set AWS_PROFILE"),
    }
}

fn account(facts: &Facts) -> Check {
    const WHAT: &str = "account";
    match (&facts.place, &facts.wanted.0) {
        (_, None) => good(3, WHAT, "lake.toml names none"),
        (Err(_), _) => bad(3, WHAT, "unknown without credentials", "see 2"),
        (Ok((here, _)), Some(wanted)) if here == wanted => good(3, WHAT, "the one that lake.toml names"),
        (Ok((here, _)), Some(wanted)) => {
            let found = format!("lake.toml names {wanted}, the credentials are of {here}");
            bad(3, WHAT, found, "take credentials of that account, or another --env")
        }
    }
}

fn region(facts: &Facts) -> Check {
    const WHAT: &str = "region";
    match (&facts.place, &facts.wanted.1) {
        (Err(_), _) => bad(4, WHAT, "unknown without credentials", "see 2"),
        (Ok((_, here)), Some(wanted)) if here != wanted => {
            bad(4, WHAT, format!("lake.toml names {wanted}, this is {here}"), "take out AWS_REGION")
        }
        (Ok((_, here)), _) => good(4, WHAT, here),
    }
}

fn stacks(facts: &Facts) -> Check {
    const WHAT: &str = "stacks";
    let stacks = match &facts.stacks {
        Ok(stacks) => stacks,
        Err(why) => return bad(5, WHAT, why, "the caller needs cloudformation:DescribeStacks"),
    };
    let broken = |stack: &&StackState| stack.status.is_stillborn() || stack.status.is_stuck();
    let broken: Vec<_> =
        stacks.iter().filter(broken).map(|stack| format!("{} is {}", stack.name, stack.status.0)).collect();
    match (broken.as_slice(), stacks.len()) {
        ([], 0) => good(5, WHAT, "none stands yet"),
        ([], count) => good(5, WHAT, format!("{count} stand, none of them broken")),
        (broken, _) => bad(
            5,
            WHAT,
            broken.join(", "),
            "`tarn deploy` mends them: what was never whole is made anew, a rollback is taken up again",
        ),
    }
}

fn buckets(facts: &Facts) -> Check {
    const WHAT: &str = "bucket names";
    let buckets = match &facts.buckets {
        Ok(buckets) => buckets,
        Err(why) => return bad(6, WHAT, why, "the caller needs s3:ListBucket"),
    };
    let has_stacks = facts.stacks.as_ref().is_ok_and(|stacks| !stacks.is_empty());
    let taken = |(_, state): &&(String, BucketName)| match state {
        BucketName::Free => false,
        BucketName::Here => !has_stacks,
        BucketName::Elsewhere => true,
    };
    let taken: Vec<_> = buckets.iter().filter(taken).map(|(name, _)| name.as_str()).collect();
    match taken.as_slice() {
        [] => good(6, WHAT, format!("{} are free, or the lake's own", buckets.len())),
        taken => bad(
            6,
            WHAT,
            format!("there are buckets of no stack of the lake: {}", taken.join(", ")),
            "delete them if they are leftovers, or give lake or environment another name",
        ),
    }
}

fn lake_formation(facts: &Facts) -> Check {
    const WHAT: &str = "Lake Formation";
    match &facts.administrators {
        Err(why) => bad(7, WHAT, why, "the caller needs lakeformation:GetDataLakeSettings"),
        Ok(administrators) if administrators.len() >= MOST_ADMINISTRATORS => bad(
            7,
            WHAT,
            format!("it has {} administrators, and takes no more", administrators.len()),
            "take one out that is not needed any more",
        ),
        Ok(administrators) => {
            good(7, WHAT, format!("{} of {MOST_ADMINISTRATORS} administrators", administrators.len()))
        }
    }
}

fn lock(facts: &Facts) -> Check {
    match &facts.lock {
        Ok(None) => good(8, "lock", "nobody deploys"),
        Ok(Some(who)) => bad(8, "lock", who, "wait until that has ended"),
        Err(why) => bad(8, "lock", why, "the caller needs s3:GetObject on the ops bucket"),
    }
}

fn room(facts: &Facts) -> Check {
    const WHAT: &str = "quotas";
    match &facts.room {
        Err(why) => bad(9, WHAT, why, "the caller needs cloudformation:DescribeAccountLimits"),
        Ok(None) => good(9, WHAT, "nothing limits stacks here"),
        Ok(Some(Room { standing, missing, most })) if standing + missing > *most => bad(
            9,
            WHAT,
            format!("{standing} stacks stand, the lake needs {missing} more, and {most} are allowed"),
            "ask Service Quotas for more stacks, or take some down",
        ),
        Ok(Some(Room { standing, missing, most })) => {
            good(9, WHAT, format!("{standing} of {most} stacks stand, and the lake needs {missing} more"))
        }
    }
}

fn service_role(facts: &Facts) -> Check {
    const WHAT: &str = "service role";
    match &facts.service_role {
        Err(why) => bad(10, WHAT, why, "the caller needs iam:GetRole on it"),
        Ok(None) => good(10, WHAT, "none is named: CloudFormation works with the caller's rights"),
        Ok(Some((role, true))) => good(10, WHAT, format!("{role} is there")),
        Ok(Some((role, false))) => bad(
            10,
            WHAT,
            format!("there is no role {role}"),
            "make it, with cloudformation.amazonaws.com in its trust policy, or take `service_role` out of [aws]",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StackStatus;

    fn facts() -> Facts {
        Facts {
            handlers: Ok(()),
            place: Ok(("123456789012".into(), "eu-west-1".into())),
            wanted: (None, None),
            stacks: Ok(Vec::new()),
            buckets: Ok(vec![("shop-dev-ops".into(), BucketName::Free)]),
            administrators: Ok(vec!["arn:aws:iam::123456789012:role/Admin".into()]),
            lock: Ok(None),
            room: Ok(Some(Room { standing: 12, missing: 6, most: 2_000 })),
            service_role: Ok(None),
        }
    }

    fn stack(status: &str) -> StackState {
        let (name, arn) = ("shop-dev-storage".into(), "arn".into());
        StackState {
            name,
            arn,
            status: StackStatus(status.into()),
            tags: vec![],
            protected: false,
            changed: String::new(),
        }
    }

    fn bad_ones(facts: &Facts) -> Vec<u8> {
        preflight(facts).iter().filter(|check| check.way_out.is_some()).map(|check| check.number).collect()
    }

    #[test]
    fn an_empty_account_is_ready() {
        let checks = preflight(&facts());
        assert_eq!(
            checks.iter().map(|check| check.number).collect::<Vec<_>>(),
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        );
        assert_eq!(bad_ones(&facts()), [0; 0]);
    }

    #[test]
    fn each_fact_has_its_number() {
        let why = || "why".to_owned();
        let wanted = |account: &str, region: &str| (Some(account.into()), Some(region.into()));
        let here = |state| Ok(vec![("shop-dev-ops".to_owned(), state)]);
        let cases: Vec<(Facts, Vec<u8>)> = vec![
            (Facts { handlers: Err(why()), ..facts() }, vec![1]),
            (Facts { place: Err(why()), wanted: wanted("1", "r"), ..facts() }, vec![2, 3, 4]),
            (Facts { wanted: wanted("210987654321", "eu-west-1"), ..facts() }, vec![3]),
            (Facts { wanted: wanted("123456789012", "eu-west-2"), ..facts() }, vec![4]),
            (Facts { stacks: Ok(vec![stack("ROLLBACK_COMPLETE")]), ..facts() }, vec![5]),
            (Facts { stacks: Ok(vec![stack("UPDATE_ROLLBACK_FAILED")]), ..facts() }, vec![5]),
            (Facts { buckets: here(BucketName::Here), ..facts() }, vec![6]),
            (
                Facts {
                    buckets: here(BucketName::Elsewhere),
                    stacks: Ok(vec![stack("CREATE_COMPLETE")]),
                    ..facts()
                },
                vec![6],
            ),
            (
                Facts {
                    buckets: here(BucketName::Here),
                    stacks: Ok(vec![stack("CREATE_COMPLETE")]),
                    ..facts()
                },
                vec![],
            ),
            (Facts { administrators: Ok(vec![why(); 30]), ..facts() }, vec![7]),
            (Facts { lock: Ok(Some(why())), ..facts() }, vec![8]),
            (Facts { room: Ok(Some(Room { standing: 1_995, missing: 6, most: 2_000 })), ..facts() }, vec![9]),
            (Facts { room: Ok(Some(Room { standing: 1_994, missing: 6, most: 2_000 })), ..facts() }, vec![]),
            (Facts { room: Ok(None), ..facts() }, vec![]),
            (Facts { room: Err(why()), ..facts() }, vec![9]),
            (Facts { service_role: Ok(Some((why(), true))), ..facts() }, vec![]),
            (Facts { service_role: Ok(Some((why(), false))), ..facts() }, vec![10]),
            (Facts { service_role: Err(why()), ..facts() }, vec![10]),
        ];
        for (facts, numbers) in cases {
            assert_eq!(bad_ones(&facts), numbers, "{facts:?}");
        }
    }
}
