//! Reads of the same moment, done together. While a read is under way, whoever asks next waits for the one
//! after it, which then serves all of them: nobody gets an answer that is older than the question, and a
//! busy server asks its database once where it would have asked sixteen times.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

use aquatint_domain::{Code, Problem};
use futures::future::BoxFuture;
use tokio::sync::oneshot;

/// Reads values for all of the keys; a key without a value is left out.
type Read<K, V> = Box<dyn Fn(Vec<K>) -> BoxFuture<'static, Result<HashMap<K, V>, Problem>> + Send + Sync>;

pub(crate) struct Together<K, V> {
    read: Read<K, V>,
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    waiting: Vec<Waiting<K, V>>,
    is_reading: bool,
}

struct Waiting<K, V> {
    key: K,
    answer: oneshot::Sender<Result<Option<V>, Problem>>,
}

impl<K, V> Together<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    pub(crate) fn new(
        read: impl Fn(Vec<K>) -> BoxFuture<'static, Result<HashMap<K, V>, Problem>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            read: Box::new(read),
            state: Mutex::new(State {
                waiting: Vec::new(),
                is_reading: false,
            }),
        })
    }

    /// The value of a key as of now or later.
    pub(crate) async fn get(self: &Arc<Self>, key: K) -> Result<Option<V>, Problem> {
        let (answer, answered) = oneshot::channel();
        let is_first = {
            let mut state = self.lock();
            state.waiting.push(Waiting { key, answer });
            !std::mem::replace(&mut state.is_reading, true)
        };
        if is_first {
            // A task of its own: the caller may go away, the others still want their answers.
            tokio::spawn(Rounds(self.clone()).run());
        }
        answered.await.unwrap_or_else(|_| {
            Err(Problem::new(
                Code::Unavailable,
                "The server is stopping; try again in a moment.",
            ))
        })
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        // Nothing in a locked part can panic half way.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Reads until nobody waits. However it ends, the next one who asks begins anew.
struct Rounds<K, V>(Arc<Together<K, V>>);

impl<K, V> Rounds<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    async fn run(self) {
        loop {
            let waiting = {
                let mut state = self.0.lock();
                if state.waiting.is_empty() {
                    state.is_reading = false;
                    return;
                }
                std::mem::take(&mut state.waiting)
            };
            let mut keys: Vec<K> = Vec::new();
            for one in &waiting {
                if !keys.contains(&one.key) {
                    keys.push(one.key.clone());
                }
            }
            let read = (self.0.read)(keys).await;
            for one in waiting {
                let answer = match &read {
                    Ok(values) => Ok(values.get(&one.key).cloned()),
                    Err(problem) => Err(problem.clone()),
                };
                // Whoever asked may be gone.
                let _ = one.answer.send(answer);
            }
        }
    }
}

impl<K, V> Drop for Rounds<K, V> {
    fn drop(&mut self) {
        let mut state = match self.0.state.lock() {
            Ok(state) => state,
            Err(poisoned) => poisoned.into_inner(),
        };
        // After a round that was cut off, those who wait are told so by their closed channels.
        if state.is_reading {
            state.is_reading = false;
            state.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures::FutureExt;
    use futures::future::join_all;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_gets_an_answer_older_than_the_question() {
        let (written, reads) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let together = {
            let (written, reads) = (written.clone(), reads.clone());
            Together::new(move |keys: Vec<u8>| {
                let (written, reads) = (written.clone(), reads.clone());
                async move {
                    reads.fetch_add(1, Ordering::SeqCst);
                    let seen = written.load(Ordering::SeqCst);
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                    Ok(keys.into_iter().map(|key| (key, seen)).collect())
                }
                .boxed()
            })
        };
        let tasks = (0..16u8).map(|number| {
            let (together, written) = (together.clone(), written.clone());
            tokio::spawn(async move {
                for _ in 0..50 {
                    let mine = written.fetch_add(1, Ordering::SeqCst) + 1;
                    let seen = together.get(number % 3).await.expect("reads").expect("a value");
                    assert!(seen >= mine, "{seen} is older than {mine}");
                }
            })
        });
        for task in join_all(tasks).await {
            task.expect("no assertion failed");
        }
        let reads = reads.load(Ordering::SeqCst);
        assert!(reads < 16 * 50 / 4, "{reads} reads for 800 questions");
    }

    #[tokio::test]
    async fn a_failure_reaches_everyone_and_the_next_one_begins_anew() {
        let together = Together::new(|keys: Vec<u8>| {
            async move {
                match keys[0] {
                    0 => Err(Problem::new(Code::Unavailable, "busy")),
                    1 => panic!("told to"),
                    _ => Ok(HashMap::<u8, u8>::new()),
                }
            }
            .boxed()
        });
        for answer in join_all([together.get(0), together.get(0)]).await {
            assert_eq!(answer.expect_err("fails").code, Code::Unavailable);
        }
        assert_eq!(together.get(1).await.expect_err("cut off").code, Code::Unavailable);
        assert_eq!(together.get(2).await.expect("reads"), None);
    }
}
