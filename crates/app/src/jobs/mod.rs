//! Long work: submitted in one transaction with its hold, run by workers under a lease, shown to
//! callers as a [`JobView`].

mod context;
mod events;
mod submit;
mod view;
mod wait;
mod worker;

pub use context::{JobContext, Product};
pub use events::{Events, JobEvent};
pub use submit::Spending;
pub(crate) use submit::{Item, Order, submit};
pub use view::{BEHIND_OTHERS, ItemView, JobView, OutputView};
pub(crate) use view::{output_view, view, views};
pub(crate) use wait::wait_for;
pub use worker::WorkerHandle;
pub(crate) use worker::spawn;
