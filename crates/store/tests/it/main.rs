//! The store against real databases: every test runs on SQLite, and on PostgreSQL where one is given.

mod assets;
mod blobs;
mod books;
mod collections;
mod house;
mod jobs;
mod keys;
mod model;
mod opening;
mod people;
mod providers;
mod spending;
mod uploads;
mod usage;
