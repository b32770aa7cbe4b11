//! Where a child is: inside a decoder or not. The decoder says so through this guard, the child tells
//! its parent, and a death in between is then blamed on the file rather than on the engine.

use std::cell::RefCell;

type Listener = Box<dyn FnMut(bool)>;

thread_local! {
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
    static DEPTH: RefCell<u32> = const { RefCell::new(0) };
}

/// Held while bytes from outside are being decoded.
pub(crate) struct Decoding(());

impl Decoding {
    pub fn begin() -> Self {
        let outermost = DEPTH.with_borrow_mut(|depth| {
            *depth += 1;
            *depth == 1
        });
        if outermost {
            tell(true);
        }
        Self(())
    }
}

impl Drop for Decoding {
    fn drop(&mut self) {
        let outermost = DEPTH.with_borrow_mut(|depth| {
            *depth = depth.saturating_sub(1);
            *depth == 0
        });
        // While a panic unwinds the phase stays as it is: it is the answer to "where did it happen?".
        if outermost && !std::thread::panicking() {
            tell(false);
        }
    }
}

/// Calls `listener` on each change in this thread; outside a child there is none.
pub(super) fn listen(listener: impl FnMut(bool) + 'static) {
    LISTENER.with_borrow_mut(|slot| *slot = Some(Box::new(listener)));
}

fn tell(decoding: bool) {
    LISTENER.with_borrow_mut(|slot| {
        if let Some(listener) = slot {
            listener(decoding);
        }
    });
}
