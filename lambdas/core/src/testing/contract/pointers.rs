//! The contract of pointers.

use futures::future::join_all;

use crate::ports::{Pointer, Pointers, Publication, Swapped, Target};

/// Pointers, and a database of theirs without a table.
pub struct PointersUnderTest {
    /// The pointers.
    pub pointers: Box<dyn Pointers>,
    /// The database.
    pub database: String,
}

/// Runs every case.
pub async fn pointers(make: impl AsyncFn() -> PointersUnderTest) {
    what_is_published_is_pointed_to(&make().await).await;
    a_swap_against_what_is_gone_is_lost(&make().await).await;
    of_many_swaps_at_once_one_is_done(&make().await).await;
    a_table_can_change_its_format(&make().await).await;
    tables_do_not_see_each_other(&make().await).await;
}

async fn what_is_published_is_pointed_to(place: &PointersUnderTest) {
    assert_eq!(newest(place, "sales").await, None);
    for number in 0..3 {
        let before = newest(place, "sales").await;
        assert_eq!(swap(place, before.as_ref(), &iceberg(place, "sales", number)).await, Swapped::Done);
        let after = newest(place, "sales").await.unwrap();
        assert_eq!(after.target, iceberg(place, "sales", number).target);
        assert_ne!(Some(after.version), before.map(|before| before.version), "a swap is seen");
    }
}

async fn a_swap_against_what_is_gone_is_lost(place: &PointersUnderTest) {
    let first = iceberg(place, "sales", 1);
    assert_eq!(swap(place, None, &first).await, Swapped::Done);
    let seen = newest(place, "sales").await;
    assert_eq!(swap(place, None, &iceberg(place, "sales", 2)).await, Swapped::Lost, "it is there already");
    assert_eq!(newest(place, "sales").await, seen);
    assert_eq!(swap(place, seen.as_ref(), &iceberg(place, "sales", 3)).await, Swapped::Done);
    assert_eq!(swap(place, seen.as_ref(), &iceberg(place, "sales", 4)).await, Swapped::Lost);
    // Pointed back to what it was, it is another pointer all the same.
    let now = newest(place, "sales").await;
    assert_eq!(swap(place, now.as_ref(), &first).await, Swapped::Done);
    assert_eq!(swap(place, seen.as_ref(), &iceberg(place, "sales", 5)).await, Swapped::Lost);
    assert_eq!(newest(place, "sales").await.unwrap().target, first.target);
    let gone = Pointer { target: first.target.clone(), version: "1".into() };
    assert_eq!(swap(place, Some(&gone), &iceberg(place, "never", 1)).await, Swapped::Lost);
    assert_eq!(newest(place, "never").await, None);
}

async fn of_many_swaps_at_once_one_is_done(place: &PointersUnderTest) {
    for round in 0..5 {
        let before = newest(place, "sales").await;
        let all: Vec<_> = (0..8).map(|number| iceberg(place, "sales", round * 8 + number)).collect();
        let swaps = all.iter().map(|one| swap(place, before.as_ref(), one));
        let outcomes = join_all(swaps).await;
        let done: Vec<usize> = (0..8).filter(|nth| outcomes[*nth] == Swapped::Done).collect();
        assert_eq!(done.len(), 1, "{outcomes:?}");
        assert_eq!(newest(place, "sales").await.unwrap().target, all[done[0]].target);
    }
}

async fn a_table_can_change_its_format(place: &PointersUnderTest) {
    let folder = Target::Parquet("s3://bucket/sales/one/".into());
    let parquet = Publication { target: folder.clone(), ..iceberg(place, "sales", 1) };
    let columns = vec![("day".into(), "date".into()), ("total".into(), "decimal(12,2)".into())];
    for publication in [iceberg(place, "sales", 1), parquet.clone(), iceberg(place, "sales", 2), parquet] {
        let before = newest(place, "sales").await;
        let publication = Publication { columns: columns.clone(), ..publication };
        assert_eq!(swap(place, before.as_ref(), &publication).await, Swapped::Done);
        assert_eq!(newest(place, "sales").await.unwrap().target, publication.target);
    }
}

async fn tables_do_not_see_each_other(place: &PointersUnderTest) {
    assert_eq!(swap(place, None, &iceberg(place, "sales", 1)).await, Swapped::Done);
    assert_eq!(newest(place, "sale").await, None);
    assert_eq!(swap(place, None, &iceberg(place, "sale", 2)).await, Swapped::Done);
    assert_eq!(newest(place, "sales").await.unwrap().target, iceberg(place, "sales", 1).target);
}

async fn newest(place: &PointersUnderTest, table: &str) -> Option<Pointer> {
    place.pointers.pointer(&place.database, table).await.unwrap()
}

async fn swap(place: &PointersUnderTest, from: Option<&Pointer>, to: &Publication) -> Swapped {
    place.pointers.swap(from, to).await.unwrap()
}

fn iceberg(place: &PointersUnderTest, table: &str, number: u32) -> Publication {
    let location = format!("s3://bucket/{table}");
    Publication {
        database: place.database.clone(),
        table: table.into(),
        description: "What was sold".into(),
        columns: vec![("day".into(), "date".into())],
        target: Target::Iceberg(format!("{location}/metadata/{number:05}-x.metadata.json")),
        location,
    }
}
