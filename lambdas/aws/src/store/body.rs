//! An object's body as a blocking reader, for the synchronous engine.

use std::io::{self, ErrorKind, Read};
use std::sync::{Arc, mpsc};

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf, Bytes};
use tokio::sync::Semaphore;

/// Chunks waiting to be read; the network runs ahead of the engine by this much at the most.
const CHUNKS_AHEAD: usize = 64;

/// Reads what a task fetches. Dropping it ends the task.
///
/// It ends where the object ends, and nowhere else: the HTTP client and the SDK check the length
/// too, but a file that ends early looks like a good one, and a task that died looks like its end.
///
/// It waits by the standard library and not by tokio, which has one parking place for each thread: who
/// waits there on the thread that drives futures takes the wake-ups that were meant for those. A sync
/// that wrote files anew hung for good by that, now and then.
pub(super) struct BlockingBody {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    room: Arc<Semaphore>,
    current: Bytes,
    missing_bytes: u64,
}

impl BlockingBody {
    /// Reads a body of that length.
    pub(super) fn new(mut body: ByteStream, length_bytes: u64) -> Self {
        let (sender, chunks) = mpsc::channel();
        let room = Arc::new(Semaphore::new(CHUNKS_AHEAD));
        let ahead = Arc::clone(&room);
        tokio::spawn(async move {
            while let Ok(permit) = ahead.acquire().await {
                permit.forget();
                let Some(chunk) = body.next().await else { return };
                if sender.send(chunk.map_err(io::Error::other)).is_err() {
                    return;
                }
            }
        });
        Self { chunks, room, current: Bytes::new(), missing_bytes: length_bytes }
    }

    /// Takes the next chunk off the object's length.
    fn count(&mut self, chunk: &Bytes) -> io::Result<()> {
        let left = self.missing_bytes.checked_sub(chunk.len() as u64);
        self.missing_bytes = left.ok_or_else(|| {
            io::Error::new(ErrorKind::InvalidData, "the object is longer than S3 said it is")
        })?;
        Ok(())
    }

    fn end(&self) -> io::Result<usize> {
        match self.missing_bytes {
            0 => Ok(0),
            missing => {
                let what = format!("the object ended early; bytes missing: {missing}");
                Err(io::Error::new(ErrorKind::UnexpectedEof, what))
            }
        }
    }
}

impl Drop for BlockingBody {
    fn drop(&mut self) {
        self.room.close();
    }
}

impl Read for BlockingBody {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            // An error is the sender's end: there is no other.
            let Ok(chunk) = self.chunks.recv() else { return self.end() };
            self.room.add_permits(1);
            let chunk = chunk?;
            self.count(&chunk)?;
            self.current = chunk;
        }
        let taken = self.current.len().min(into.len());
        self.current.copy_to_slice(&mut into[..taken]);
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::future::{BoxFuture, FutureExt};
    use futures::stream::{self, StreamExt};
    use tarn_core::SourceVersion;
    use tarn_core::ports::ObjectStore;

    use super::*;
    use crate::stand_in::{PAUSE, StandIn, promising};

    fn read(body: &'static str, length_bytes: u64) -> io::Result<String> {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _inside = runtime.enter();
        let mut text = String::new();
        let mut reader = BlockingBody::new(ByteStream::from_static(body.as_bytes()), length_bytes);
        reader.read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn a_body_has_the_length_that_was_promised_or_is_an_error() {
        assert_eq!(read("", 0).unwrap(), "");
        assert_eq!(read("rows", 4).unwrap(), "rows");
        let short = read("rows", 5).unwrap_err();
        assert_eq!(
            (short.kind(), short.to_string().as_str()),
            (ErrorKind::UnexpectedEof, "the object ended early; bytes missing: 1")
        );
        assert_eq!(read("", 5).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(read("rows", 3).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn an_error_is_not_forgotten_when_the_reader_asks_again() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _inside = runtime.enter();
        let mut reader = BlockingBody::new(ByteStream::from_static(b"rows"), 9);
        let mut all = Vec::new();
        assert!(reader.read_to_end(&mut all).is_err());
        assert!(reader.read_to_end(&mut all).is_err());
    }

    /// Two that go on when they were woken twice: while the thread reads, and after it.
    fn woken_twice() -> [BoxFuture<'static, ()>; 2] {
        let (mut senders, mut futures) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let (sender, mut wake_ups) = tokio::sync::mpsc::unbounded_channel();
            senders.push(sender);
            let twice = async move { (wake_ups.recv().await.unwrap(), wake_ups.recv().await.unwrap()) };
            futures.push(twice.map(|_| ()).boxed());
        }
        std::thread::spawn(move || {
            for _ in 0..2 {
                std::thread::sleep(Duration::from_millis(50));
                senders.iter().for_each(|sender| sender.send(()).unwrap());
                std::thread::sleep(Duration::from_millis(150));
            }
        });
        futures.try_into().ok().unwrap()
    }

    /// As a job does: one task that the main thread drives itself, and in it some that read.
    #[test]
    fn who_reads_takes_no_wake_ups_of_others_on_the_thread() {
        let server = StandIn::answering([promising(4, &format!("{PAUSE}rows"))]);
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async {
                let [first, second] = woken_twice();
                // The other one is asked once before this one reads.
                let reads = async move {
                    let mut reader = server.client().open_newest("b", "k").await.unwrap();
                    let all = || io::copy(&mut reader, &mut io::sink()).unwrap();
                    assert_eq!(tokio::task::block_in_place(all), 4);
                    first.await;
                };
                // Had all of them been asked while one reads, they would be asked again in any case.
                let idle = tokio::time::sleep(Duration::from_millis(400)).boxed();
                let all = stream::iter([reads.boxed(), second, idle]).buffer_unordered(3);
                all.collect::<Vec<_>>().await;
            });
            ended.send(()).unwrap();
        });
        end.recv_timeout(Duration::from_secs(10)).expect("a wake-up was lost");
    }

    /// A version of ten bytes, read from a server that closes the connection after some.
    async fn read_cut(after: &str) -> io::Result<String> {
        let server = StandIn::answering([promising(10, after)]);
        let source = SourceVersion {
            bucket: "b".into(),
            key: "k".into(),
            version: "v".into(),
            size_bytes: 10,
            landed_millis: 0,
        };
        let mut reader = server.client().open(&source).await.unwrap();
        let reading = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        });
        reading.await.unwrap()
    }

    #[tokio::test]
    async fn a_connection_cut_in_the_body_is_an_error() {
        assert_eq!(read_cut("0123456789").await.unwrap(), "0123456789");
        for cut in ["", "0", "012345678"] {
            assert!(read_cut(cut).await.is_err(), "after {} of 10 bytes", cut.len());
        }
    }

    #[tokio::test]
    async fn a_small_object_that_is_cut_is_an_error_too() {
        let server = StandIn::answering([promising(10, "01234")]);
        assert!(server.client().read("b", "k").await.is_err());
    }
}
