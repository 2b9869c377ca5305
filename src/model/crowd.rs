//! Vectors that have an entry for each of a crowd, and take the memory that it needs and little more.
//!
//! A small one grows by a quarter, not to twice its size. A large one has much more room than it needs at once:
//! what the allocator has mapped for it alone is moved without being copied, leaves no holes among what is small,
//! and takes memory only as far as it was written to.

/// A vector of more than this is a large one, in bytes: a page.
const SMALL_BYTES: usize = 4 << 10;

/// The room of a large one, in bytes at least: more than what glibc begins to map by itself (128 KiB, and what was
/// freed of that kind).
const LARGE_BYTES: usize = 1 << 20;

/// The room of a small one, in entries at least.
const SMALL_LEN: usize = 4;

/// Adds an entry.
pub(crate) fn push<T>(crowd: &mut Vec<T>, entry: T) {
    if crowd.len() == crowd.capacity() {
        let len = crowd.len();
        let more = match len * size_of::<T>() {
            ..SMALL_BYTES => (len / 4).max(SMALL_LEN),
            SMALL_BYTES.. => len.max((LARGE_BYTES / size_of::<T>()).saturating_sub(len)),
        };
        crowd.reserve_exact(more);
    }
    crowd.push(entry);
}

/// Gives back what many have left who were in it.
pub(crate) fn shrink<T>(crowd: &mut Vec<T>) {
    if crowd.len() < crowd.capacity() / 4 {
        // Made smaller, never freed: what glibc has seen freed once it does not give back later.
        crowd.shrink_to(SMALL_LEN.max(2 * crowd.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_takes_little_until_it_is_large() {
        let mut crowd = Vec::new();
        (0..10).for_each(|entry: u64| push(&mut crowd, entry));
        assert_eq!(crowd.capacity(), 12);
        (10..1000).for_each(|entry| push(&mut crowd, entry));
        assert!(crowd.capacity() >= LARGE_BYTES / size_of::<u64>());
        (1000..500_000).for_each(|entry| push(&mut crowd, entry));
        assert!(crowd.iter().copied().eq(0..500_000));
        crowd.truncate(3);
        shrink(&mut crowd);
        assert_eq!((crowd.capacity(), crowd.len()), (6, 3));
    }
}
