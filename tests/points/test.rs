//! What a test is here: there is no harness of the compiler's, as the table wants to know every test by name.

use std::future::Future;

/// One test.
#[derive(Clone, Copy)]
pub(crate) struct Test {
    pub(crate) module: &'static str,
    pub(crate) function: &'static str,
    pub(crate) run: fn(),
}

impl Test {
    /// `transport::an_id_is_one_segment_of_the_path`.
    pub(crate) fn name(&self) -> String {
        let section = self.module.rsplit("::").next().unwrap_or_default();
        format!("{section}::{}", self.function)
    }
}

/// The tests of a module, by the names of their functions: `TESTS`.
macro_rules! tests {
    ($($function:ident),+ $(,)?) => {
        pub(crate) const TESTS: &[$crate::test::Test] = &[$(
            $crate::test::Test {
                module: module_path!(),
                function: stringify!($function),
                run: || $crate::test::finish($function()),
            },
        )+];
    };
}

/// Runs a test to its end.
pub(crate) fn finish(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}
