//! Objects put together within S3, of stretches of others and bytes between them.
//!
//! S3 copies a stretch into a part of an upload by itself. A part that is not the last has 5 MiB at
//! least; smaller pieces are read, and sent together.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures::{StreamExt, TryStreamExt, stream};
use tarn_core::ports::{ObjectStore, Piece, Stretch};
use tarn_core::{Error, Kind, Result};

use super::copy::{abort, copied};
use super::keys::encoded;
use super::{FINGERPRINT, Held, S3};
use crate::failure::failed;

/// S3's limit for a part that is not the last.
const LEAST_PART_BYTES: u64 = 5 << 20;

/// What is smaller is read and written: two calls instead of many.
const LEAST_JOINED_BYTES: u64 = 2 * LEAST_PART_BYTES;

/// Parts under way at once. They wait on S3, not on this process.
const PARTS_AT_ONCE: usize = 16;

/// One part of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// What S3 copies.
    Copied(Stretch),
    /// What is read and sent.
    Sent(Vec<Piece>),
}

/// Whether S3 is to put pieces of so many bytes together.
pub(super) fn is_worth_it(pieces: &[Piece]) -> bool {
    pieces.iter().map(Piece::len).sum::<u64>() >= LEAST_JOINED_BYTES
}

/// The parts of an upload of those pieces.
fn parts(pieces: &[Piece]) -> Vec<Part> {
    let (mut parts, mut small) = (Vec::new(), Small::default());
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        let rest = match small.is_empty() {
            true => Some(piece.clone()),
            false => small.fill(piece),
        };
        parts.extend(small.full());
        match rest {
            Some(Piece::Stored(stretch)) if stretch.bytes() >= LEAST_PART_BYTES => {
                parts.push(Part::Copied(stretch));
            }
            Some(rest) => small.add(rest),
            None => {}
        }
        parts.extend(small.full());
    }
    parts.extend(small.end());
    parts
}

/// Pieces on their way to a part.
#[derive(Default)]
struct Small {
    pieces: Vec<Piece>,
    bytes: u64,
}

impl Small {
    fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn add(&mut self, piece: Piece) {
        self.bytes += piece.len();
        self.pieces.push(piece);
    }

    /// Takes of a piece what is missing to a part, and gives the rest.
    fn fill(&mut self, piece: &Piece) -> Option<Piece> {
        let missing = LEAST_PART_BYTES.saturating_sub(self.bytes);
        match piece {
            Piece::Stored(stretch) if stretch.bytes() > missing => {
                let cut = stretch.range.start + missing;
                let part = |range| Piece::Stored(Stretch { range, ..stretch.clone() });
                self.add(part(stretch.range.start..cut));
                Some(part(cut..stretch.range.end))
            }
            piece => {
                self.add(piece.clone());
                None
            }
        }
    }

    fn full(&mut self) -> Option<Part> {
        if self.bytes >= LEAST_PART_BYTES { self.end() } else { None }
    }

    fn end(&mut self) -> Option<Part> {
        let Self { pieces, .. } = std::mem::take(self);
        (!pieces.is_empty()).then_some(Part::Sent(pieces))
    }
}

/// An object that is being put together.
pub(super) struct Join<'a> {
    pub(super) store: &'a S3,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
}

impl Join<'_> {
    /// Puts pieces together. What fails is ended, so that no parts stay behind and cost.
    pub(super) async fn all(&self, pieces: &[Piece], fingerprint: &str, held: Held<'_>) -> Result<()> {
        let upload = self.begin(fingerprint).await?;
        let joined = match self.parts(&upload, parts(pieces)).await {
            Ok(parts) => self.end(&upload, parts, held).await,
            Err(error) => Err(error),
        };
        if joined.is_err() {
            abort(self.client(), self.bucket, self.key, &upload).await;
        }
        joined
    }

    async fn begin(&self, fingerprint: &str) -> Result<String> {
        let mut request = self.client().create_multipart_upload().bucket(self.bucket).key(self.key);
        if !fingerprint.is_empty() {
            request = request.metadata(FINGERPRINT, fingerprint);
        }
        let answer = request.send().await.map_err(failed(self.doing()))?;
        answer
            .upload_id
            .ok_or_else(|| Error::new(Kind::Internal, format!("{}: S3 gave no upload id", self.doing())))
    }

    async fn parts(&self, upload: &str, parts: Vec<Part>) -> Result<Vec<CompletedPart>> {
        let numbered = (1..).zip(parts).map(|(number, part)| self.part(upload, number, part));
        stream::iter(numbered).buffered(PARTS_AT_ONCE).try_collect().await
    }

    async fn part(&self, upload: &str, number: i32, part: Part) -> Result<CompletedPart> {
        match part {
            Part::Copied(stretch) => self.copied(upload, number, &stretch).await,
            Part::Sent(pieces) => self.sent(upload, number, &pieces).await,
        }
    }

    async fn copied(&self, upload: &str, number: i32, stretch: &Stretch) -> Result<CompletedPart> {
        let Stretch { bucket, key, range, tag } = stretch;
        let doing = format!("{}, part {number}", self.doing());
        let request = self.client().upload_part_copy().copy_source(format!("{bucket}/{}", encoded(key)));
        let request = request.copy_source_range(format!("bytes={}-{}", range.start, range.end - 1));
        let request = request.set_copy_source_if_match(Some(tag.clone()).filter(|tag| !tag.is_empty()));
        let request = request.bucket(self.bucket).key(self.key).upload_id(upload).part_number(number);
        let answer = request.send().await.map_err(failed(doing.clone())).map_err(Stretch::changed)?;
        let part = answer
            .copy_part_result
            .ok_or_else(|| Error::new(Kind::Internal, format!("{doing}: S3 answered without the part")))?;
        Ok(copied(number, part))
    }

    async fn sent(&self, upload: &str, number: i32, pieces: &[Piece]) -> Result<CompletedPart> {
        let bytes = self.store.read_pieces(pieces).await?;
        let request = self.client().upload_part().bucket(self.bucket).key(self.key).upload_id(upload);
        let sent = request.part_number(number).body(ByteStream::from(bytes)).send().await;
        let answer = sent.map_err(failed(format!("{}, part {number}", self.doing())))?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(answer.e_tag)
            .set_checksum_crc32(answer.checksum_crc32)
            .set_checksum_crc32_c(answer.checksum_crc32_c)
            .set_checksum_crc64_nvme(answer.checksum_crc64_nvme)
            .set_checksum_sha1(answer.checksum_sha1)
            .set_checksum_sha256(answer.checksum_sha256)
            .build())
    }

    async fn end(&self, upload: &str, parts: Vec<CompletedPart>, held: Held<'_>) -> Result<()> {
        let whole = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.client().complete_multipart_upload().bucket(self.bucket).key(self.key);
        let request = request.upload_id(upload).multipart_upload(whole);
        let request = match held {
            Held::No => request,
            Held::UnlessThere => request.if_none_match("*"),
            Held::IfTagged(tag) => request.if_match(tag),
        };
        request.send().await.map(|_| ()).map_err(failed(self.doing()))
    }

    fn client(&self) -> &Client {
        &self.store.client
    }

    fn doing(&self) -> String {
        format!("putting s3://{}/{} together", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn stored(key: &str, start: u64, end: u64) -> Piece {
        Piece::Stored(Stretch { bucket: "b".into(), key: key.into(), range: start..end, tag: "t".into() })
    }

    fn bytes(count: u64) -> Piece {
        Piece::Bytes(Bytes::from(vec![7; count as usize]))
    }

    fn copied(key: &str, start: u64, end: u64) -> Part {
        let Piece::Stored(stretch) = stored(key, start, end) else { unreachable!() };
        Part::Copied(stretch)
    }

    #[test]
    fn what_is_large_enough_is_copied_and_the_end_is_sent() {
        let pieces = [stored("a", 0, 6 * MIB), stored("b", 4, 9 * MIB), bytes(10)];
        let wanted = [copied("a", 0, 6 * MIB), copied("b", 4, 9 * MIB), Part::Sent(vec![bytes(10)])];
        assert_eq!(parts(&pieces), wanted);
        assert_eq!(parts(&[]), []);
    }

    #[test]
    fn small_pieces_take_from_the_next_what_is_missing_to_a_part() {
        let pieces = [bytes(4), stored("a", 0, 20 * MIB), stored("b", 0, MIB), stored("c", 0, 2 * MIB)];
        let wanted = [
            Part::Sent(vec![bytes(4), stored("a", 0, 5 * MIB - 4)]),
            copied("a", 5 * MIB - 4, 20 * MIB),
            Part::Sent(vec![stored("b", 0, MIB), stored("c", 0, 2 * MIB)]),
        ];
        assert_eq!(parts(&pieces), wanted);
        let rest = [bytes(4), stored("a", 0, 6 * MIB), stored("b", 0, 6 * MIB)];
        let found = parts(&rest);
        let wanted = [
            Part::Sent(vec![bytes(4), stored("a", 0, 5 * MIB - 4)]),
            Part::Sent(vec![stored("a", 5 * MIB - 4, 6 * MIB), stored("b", 0, 4 * MIB - 4)]),
            Part::Sent(vec![stored("b", 4 * MIB - 4, 6 * MIB)]),
        ];
        assert_eq!(found, wanted);
    }

    /// Every byte once, in order, and no part but the last too small.
    #[test]
    fn parts_are_the_pieces() {
        let sizes = [0, 1, 4, MIB, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 7 * MIB, 12 * MIB];
        for first in sizes {
            for second in sizes {
                for third in sizes {
                    let pieces = [
                        stored("a", 3, 3 + first),
                        bytes(second % MIB),
                        stored("b", 0, second),
                        stored("c", 9, 9 + third),
                    ];
                    let parts = parts(&pieces);
                    let length = |part: &Part| match part {
                        Part::Copied(stretch) => stretch.bytes(),
                        Part::Sent(pieces) => pieces.iter().map(Piece::len).sum(),
                    };
                    let all: u64 = parts.iter().map(length).sum();
                    assert_eq!(all, pieces.iter().map(Piece::len).sum::<u64>());
                    let front = parts.split_last().map_or(&[][..], |(_, front)| front);
                    assert!(front.iter().all(|part| length(part) >= LEAST_PART_BYTES), "{parts:?}");
                    let stretches = parts.iter().flat_map(|part| match part {
                        Part::Copied(stretch) => vec![Piece::Stored(stretch.clone())],
                        Part::Sent(pieces) => pieces.clone(),
                    });
                    let mut ends = std::collections::HashMap::from([("a", 3), ("b", 0), ("c", 9)]);
                    for stretch in stretches {
                        let Piece::Stored(Stretch { key, range, .. }) = stretch else { continue };
                        let end = ends.get_mut(key.as_str()).unwrap();
                        assert_eq!(*end, range.start);
                        *end = range.end;
                    }
                    assert_eq!(
                        ends,
                        std::collections::HashMap::from([("a", 3 + first), ("b", second), ("c", 9 + third)])
                    );
                }
            }
        }
    }
}
