//! Writes rejected rows with a label in front of each, so that SQL over all of quarantine tells which
//! file of which table a row is of. The engine knows neither.

use std::io::{self, Write};

use crate::ports::{Content, Spool};
use crate::{Error, Kind, Result, WorkItem};

/// A writer of JSON lines that begins every object with the same members.
pub(super) struct Labelled {
    out: Box<dyn Spool>,
    label: Vec<u8>,
    at_start: bool,
}

impl Labelled {
    /// Labels what is written with table, source and key. The run is not among them: the same source
    /// gives the same bytes in every run.
    pub(super) fn new(out: Box<dyn Spool>, item: &WorkItem) -> Result<Self> {
        let label = serde_json::to_vec(&serde_json::json!({
            "table_name": item.table, "source_id": item.source.id(), "key": item.source.key,
        }));
        let mut label = label
            .map_err(|error| Error::caused(Kind::Internal, "a label cannot be written as JSON", error))?;
        if let Some(last) = label.last_mut() {
            *last = b',';
        }
        Ok(Self { out, label, at_start: true })
    }

    /// Ends the writing.
    pub(super) fn finish(self) -> io::Result<Content> {
        self.out.finish()
    }
}

impl Write for Labelled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line.split_first() {
                Some((b'{', rest)) if self.at_start => {
                    self.out.write_all(&self.label)?;
                    self.out.write_all(rest)?;
                }
                _ => self.out.write_all(line)?,
            }
            self.at_start = line.ends_with(b"\n");
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use tarn_lake::TableName;

    use super::*;
    use crate::ports::Scratch;
    use crate::{RunId, SourceVersion};

    struct Kept(Vec<u8>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Spool for Kept {
        fn len(&self) -> u64 {
            self.0.len() as u64
        }
        fn finish(self: Box<Self>) -> io::Result<Content> {
            Ok(self.0.into())
        }
    }

    impl Scratch for () {
        fn spool(&self) -> io::Result<Box<dyn Spool>> {
            Ok(Box::new(Kept(Vec::new())))
        }
    }

    fn item() -> WorkItem {
        WorkItem {
            run: RunId::new("r").unwrap(),
            table: TableName::new("events").unwrap(),
            source: SourceVersion {
                bucket: "b".into(),
                key: "a \"b\"\n.csv".into(),
                version: "v".into(),
                size_bytes: 1,
                landed_millis: 0,
            },
            layout: 0,
            tried: 0,
        }
    }

    #[test]
    fn every_line_is_labelled_however_it_comes() {
        let text = b"{\"line\":1,\"raw\":\"{x\"}\n{\"line\":2}\nno object\n{\"line\":3}";
        for step in 1..text.len() {
            let mut labelled = Labelled::new(().spool().unwrap(), &item()).unwrap();
            for part in text.chunks(step) {
                labelled.write_all(part).unwrap();
            }
            let bytes = labelled.finish().unwrap().into_bytes().unwrap();
            let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            assert_eq!(lines.len(), 4);
            for (line, number) in [(lines[0], 1), (lines[1], 2)] {
                let read: serde_json::Value = serde_json::from_slice(line).unwrap();
                assert_eq!((&read["line"], &read["table_name"]), (&number.into(), &"events".into()));
                assert_eq!(read["key"], "a \"b\"\n.csv");
                assert_eq!(read["source_id"], item().source.id().as_str());
            }
            assert_eq!(lines[2], b"no object");
        }
    }
}
