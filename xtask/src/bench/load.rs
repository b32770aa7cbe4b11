//! A load of equal requests over keep-alive connections: CPU of the server per request, and latency.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Row;
use super::process::Usage;
use crate::http::Connection;

/// Connections at the same time.
const CONNECTIONS: usize = 16;
/// Requests before counting begins.
const WARM_UP: usize = 512;
/// Nothing is sent after this long.
const LIMIT: Duration = Duration::from_secs(60);

/// What is sent, and to whom.
pub struct Load<'a> {
    pub name: String,
    pub pid: u32,
    pub host: &'a str,
    pub path: &'a str,
    pub headers: Vec<(&'a str, &'a str)>,
    pub body: String,
    pub requests: usize,
    /// A word that every right answer holds.
    pub expects: &'a str,
}

impl Load<'_> {
    /// Warms the server up, then sends the load and reads the server's own clock of CPU time.
    pub fn measure(&self) -> Result<Row> {
        self.send(WARM_UP)?;
        let before = Usage::of(self.pid)?;
        let began = Instant::now();
        let mut times = self.send(self.requests)?;
        let wall = began.elapsed();
        let cpu = Usage::of(self.pid)?.cpu_seconds - before.cpu_seconds;
        times.sort_unstable();
        let at = |part: f64| {
            let place = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
            times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        Ok(Row::new(
            &self.name,
            vec![
                ("cpu_us", cpu * 1e6 / times.len() as f64),
                ("p50_ms", at(0.50)),
                ("p99_ms", at(0.99)),
                ("per_second", times.len() as f64 / wall.as_secs_f64()),
            ],
        ))
    }

    fn send(&self, requests: usize) -> Result<Vec<Duration>> {
        let deadline = Instant::now() + LIMIT;
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CONNECTIONS)
                .map(|_| scope.spawn(|| self.client(requests.div_ceil(CONNECTIONS), deadline)))
                .collect();
            let mut times = Vec::with_capacity(requests);
            for client in clients {
                times.extend(client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
            }
            Ok(times)
        })
    }

    fn client(&self, requests: usize, deadline: Instant) -> Result<Vec<Duration>> {
        let mut connection = Connection::open(self.host)?;
        let request = connection.request("POST", self.path, &self.headers, self.body.as_bytes());
        let mut times = Vec::with_capacity(requests);
        for number in 0..requests {
            let began = Instant::now();
            if began > deadline {
                bail!("{} requests took longer than {} s", self.requests, LIMIT.as_secs());
            }
            let answer = connection.send(&request).context(self.name.clone())?;
            times.push(began.elapsed());
            // The first answer is looked at; the others only have to be as good.
            if answer.status != 200 || (number == 0 && !String::from_utf8_lossy(&answer.body).contains(self.expects)) {
                bail!(
                    "{}: {} {}",
                    self.name,
                    answer.status,
                    String::from_utf8_lossy(&answer.body)
                );
            }
        }
        Ok(times)
    }
}
