//! The store against real databases: every test runs on SQLite, and on PostgreSQL where one is given.

mod answers;
mod assets;
mod blobs;
mod books;
mod callbacks;
mod collections;
mod house;
mod jobs;
mod keys;
mod mails;
mod model;
mod opening;
mod passkeys;
mod payments;
mod people;
mod pipelines;
mod providers;
mod spending;
mod uploads;
mod usage;
