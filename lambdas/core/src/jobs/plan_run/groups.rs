//! Small files go together into one call.
//!
//! Few files are spread over many calls, for they run side by side; many fill their calls. A file that
//! was tried before has a call of its own: whatever became of it, its neighbours shall not wait for it.

use crate::{Portions, Work, WorkItem};

/// Calls that the state machine has under way at once.
const CALLS_AT_ONCE: usize = 50;

/// So few files share a call in any case.
const FEW_FILES: usize = 8;

/// The longest line of a work list. Step Functions hands on 256 KiB at most, and an execution's
/// input is a line with a little around it.
const LONGEST_LINE: usize = 200_000;

/// The calls that convert those files, in their order.
pub(super) fn grouped(items: &[&WorkItem], portions: &Portions) -> Vec<Work> {
    let most = (items.len() / CALLS_AT_ONCE).max(FEW_FILES).min(portions.group_files);
    let mut calls = Vec::new();
    let mut group = Group::default();
    for item in items {
        if item.tried > 0 {
            calls.push(Work::Files(vec![(*item).clone()]));
        } else {
            if !group.has_room_for(item, most, portions) {
                calls.extend(group.taken());
            }
            group.add(item);
        }
    }
    calls.extend(group.taken());
    calls
}

/// Files of a call that is not full yet.
#[derive(Default)]
struct Group {
    items: Vec<WorkItem>,
    bytes: u64,
    line: usize,
}

impl Group {
    fn has_room_for(&self, item: &WorkItem, most: usize, portions: &Portions) -> bool {
        self.items.len() < most
            && self.bytes.saturating_add(item.source.size_bytes) <= portions.group_bytes
            && self.line + length_of(item) <= LONGEST_LINE
    }

    fn add(&mut self, item: &WorkItem) {
        self.bytes = self.bytes.saturating_add(item.source.size_bytes);
        self.line += length_of(item);
        self.items.push(item.clone());
    }

    fn taken(&mut self) -> Option<Work> {
        let Self { items, .. } = std::mem::take(self);
        (!items.is_empty()).then_some(Work::Files(items))
    }
}

/// What an item takes of its line, where characters beyond ASCII are written as `\uXXXX`.
fn length_of(item: &WorkItem) -> usize {
    const AROUND: usize = 300;
    const ESCAPED: usize = 6;
    let in_json = |character: char| match character {
        '"' | '\\' => 2,
        plain if plain.is_ascii() && !plain.is_control() => 1,
        other => ESCAPED * other.len_utf16(),
    };
    let source = &item.source;
    let fixed = item.run.as_str().len() + item.table.as_str().len() + source.bucket.len();
    AROUND + fixed + source.version.len() + source.key.chars().map(in_json).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use tarn_lake::TableName;

    use super::*;
    use crate::{RunId, SourceVersion};

    fn item(key: &str, size_bytes: u64, tried: u32) -> WorkItem {
        let (bucket, version) = ("landing".to_owned(), "v".repeat(32));
        WorkItem {
            run: RunId::new("r").unwrap(),
            table: TableName::new("events").unwrap(),
            source: SourceVersion { bucket, key: key.into(), version, size_bytes, landed_millis: 1 },
            layout: 0,
            tried,
        }
    }

    fn sizes(items: &[WorkItem]) -> Vec<usize> {
        let calls = grouped(&items.iter().collect::<Vec<_>>(), &Portions::default());
        let mut all = Vec::new();
        let mut count = |call: &Work| {
            all.extend_from_slice(call.files());
            call.files().len()
        };
        let sizes = calls.iter().map(&mut count).collect();
        let keys = |items: &[WorkItem]| -> Vec<String> {
            let mut keys: Vec<String> = items.iter().map(|item| item.source.key.clone()).collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&all), keys(items), "each file once");
        sizes
    }

    fn many(count: usize, size_bytes: u64) -> Vec<WorkItem> {
        (0..count).map(|n| item(&format!("events_{n:05}.csv"), size_bytes, 0)).collect()
    }

    #[test]
    fn ten_thousand_small_files_are_a_hundred_calls() {
        assert_eq!(sizes(&many(10_000, 2_000)), [100; 100]);
        assert_eq!(sizes(&many(10_000, 400_000)).len(), 244, "16 MiB fill a call before 100 files do");
    }

    #[test]
    fn few_files_are_spread_over_many_calls() {
        assert_eq!(sizes(&many(4, 1_000)), [4]);
        assert_eq!(sizes(&many(400, 1_000)), [8; 50]);
        assert!(sizes(&[]).is_empty());
    }

    #[test]
    fn a_large_file_has_a_call_of_its_own() {
        let files = [item("a", 10, 0), item("b", 64 << 20, 0), item("c", 10, 0), item("d", u64::MAX, 0)];
        assert_eq!(sizes(&files), [1, 1, 1, 1]);
        assert_eq!(sizes(&[item("a", 8 << 20, 0), item("b", 8 << 20, 0), item("c", 1, 0)]), [2, 1]);
    }

    #[test]
    fn a_file_that_was_tried_before_has_a_call_of_its_own() {
        let files = [item("a", 10, 0), item("b", 10, 1), item("c", 10, 0)];
        assert_eq!(sizes(&files), [1, 2], "its neighbours share theirs");
    }

    #[test]
    fn a_line_has_a_bound_whatever_the_keys() {
        let items: Vec<WorkItem> =
            (0..10_000).map(|n| item(&format!("{n}{}", "ü".repeat(500)), 1, 0)).collect();
        let calls = grouped(&items.iter().collect::<Vec<_>>(), &Portions::default());
        for call in &calls {
            let text = serde_json::to_string(call).unwrap();
            let escaped: usize = text.chars().map(|c| if c.is_ascii() { 1 } else { 6 }).sum();
            assert!(escaped < 256 * 1024, "{escaped}");
        }
        assert!(calls.len() < 200, "{}", calls.len());
    }
}
