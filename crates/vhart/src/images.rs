//! The guest images that were built into this binary.

use anyhow::anyhow;

include!(concat!(env!("OUT_DIR"), "/images.rs"));

/// The built-in image called `name`.
///
/// # Errors
/// Says how to build it in, where that has not been done.
pub(crate) fn find(name: &str) -> anyhow::Result<&'static [u8]> {
    IMAGES.iter().find(|image| image.0 == name).map(|image| image.1).ok_or_else(|| {
        anyhow!(
            "this vhart was built without the image '{name}': run `cargo xtask images` and build it again"
        )
    })
}
