extern crate std;
use std::vec::Vec;

use super::*;

/// A page with a reason and these details.
fn page(reason: u32, details: &[&[u8]]) -> Vec<u8> {
    let mut page = std::vec![0; 4096];
    page[8..12].copy_from_slice(&reason.to_le_bytes());
    let details = details.concat();
    page[32..32 + details.len()].copy_from_slice(&details);
    page
}

fn exit(reason: u32, details: &[&[u8]]) -> Exit {
    Run::new(&mut page(reason, details)).unwrap().exit()
}

fn doubles<const N: usize>(values: [u64; N]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn a_store_has_only_the_bytes_of_its_length() {
    let details = [&doubles([0x1000_0003, !0 << 8 | 3])[..], &[1, 0, 0, 0, 1]];
    assert_eq!(exit(6, &details), Exit::Mmio { address: 0x1000_0003, length: 1, stored: Some(3) });
    let details = [&doubles([0x1000_0003, !0])[..], &[8, 0, 0, 0, 1]];
    assert_eq!(exit(6, &details), Exit::Mmio { address: 0x1000_0003, length: 8, stored: Some(!0) });
}

#[test]
fn a_length_beyond_the_data_is_cut() {
    let details = [&doubles([0, 0])[..], &[0xff, 0xff, 0xff, 0xff, 0]];
    assert_eq!(exit(6, &details), Exit::Mmio { address: 0, length: 8, stored: None });
}

#[test]
fn calls_have_six_arguments_after_extension_and_function() {
    let expected = Exit::Sbi { extension: 1, function: 2, args: [3, 4, 5, 6, 7, 8] };
    assert_eq!(exit(35, &[&doubles([1, 2, 3, 4, 5, 6, 7, 8])]), expected);
}

#[test]
fn a_system_event_without_data_says_nothing() {
    let shutdown =
        |count: u32, data| exit(24, &[&1_u32.to_le_bytes(), &count.to_le_bytes(), &doubles([data])]);
    assert_eq!(shutdown(1, 7), Exit::SystemEvent { event: SystemEvent::Shutdown, data: 7 });
    assert_eq!(shutdown(0, 7), Exit::SystemEvent { event: SystemEvent::Shutdown, data: 0 });
}

#[test]
fn every_other_reason_is_told() {
    assert_eq!(exit(4, &[]), Exit::Debug);
    assert_eq!(exit(9, &[&doubles([1])]), Exit::FailEntry { reason: 1 });
    assert_eq!(exit(10, &[]), Exit::Interrupted);
    assert_eq!(exit(17, &[&3_u32.to_le_bytes()]), Exit::InternalError { suberror: 3 });
    let csr = Exit::Csr { number: 0x15, new_value: 1, write_mask: 2 };
    assert_eq!(exit(36, &[&doubles([0x15, 1, 2])]), csr);
    assert_eq!(exit(99, &[]), Exit::Other(99));
}

#[test]
fn answers_lie_where_the_kernel_looks() {
    let mut page = page(0, &[]);
    Run::new(&mut page).unwrap().set_loaded(0x1122_3344_5566_7788);
    assert_eq!(page[40..48], 0x1122_3344_5566_7788_u64.to_le_bytes());
    Run::new(&mut page).unwrap().set_sbi_return([!0, 5]);
    assert_eq!(page[96..112], doubles([!0, 5]));
}

#[test]
fn a_page_that_is_too_small_is_none() {
    assert!(Run::new(&mut [0; 287]).is_none());
    assert!(Run::new(&mut [0; 288]).is_some());
}

const EXITS: [Exit; 15] = [
    Exit::Debug,
    Exit::Mmio { address: 0x1000_0003, length: 1, stored: Some(0x81) },
    Exit::Mmio { address: 0x1000_0002, length: 2, stored: Some(0x8281) },
    Exit::Mmio { address: !3, length: 4, stored: Some(0x8483_8281) },
    Exit::Mmio { address: !7, length: 8, stored: Some(0x8887_8685_8483_8281) },
    Exit::Mmio { address: 0x1000_0000, length: 1, stored: None },
    Exit::Mmio { address: 0x1000_0000, length: 8, stored: None },
    Exit::FailEntry { reason: !1 },
    Exit::Interrupted,
    Exit::InternalError { suberror: 3 },
    Exit::SystemEvent { event: SystemEvent::Shutdown, data: 0 },
    Exit::SystemEvent { event: SystemEvent::Reset, data: !2 },
    Exit::SystemEvent { event: SystemEvent::Other(5), data: 9 },
    Exit::Sbi { extension: !1, function: !2, args: [!3, !4, !5, !6, !7, !8] },
    Exit::Csr { number: 0x15, new_value: !1, write_mask: !2 },
];

#[test]
fn a_monitor_reads_the_exit_that_the_kernel_wrote() {
    for exit in EXITS.into_iter().chain([Exit::Other(0), Exit::Other(31), Exit::Other(99)]) {
        for before in [0, 0xff] {
            let mut page = std::vec![before; 4096];
            let mut run = Run::new(&mut page).unwrap();
            run.set_exit(&exit);
            assert_eq!(run.exit(), exit);
        }
    }
}

#[test]
fn an_exit_leaves_all_else_on_the_page_alone() {
    for exit in EXITS {
        let mut page = std::vec![0xa5; 4096];
        Run::new(&mut page).unwrap().set_exit(&exit);
        let others = page[..8].iter().chain(&page[12..32]).chain(&page[288..]);
        assert!(others.into_iter().all(|byte| *byte == 0xa5), "{exit:?}");
    }
}

#[test]
fn a_store_gives_the_monitor_no_bytes_above_its_length() {
    let mut page = page(0, &[]);
    Run::new(&mut page).unwrap().set_exit(&Exit::Mmio { address: 0, length: 2, stored: Some(!0) });
    assert_eq!(page[40..48], [0xff, 0xff, 0, 0, 0, 0, 0, 0]);
    assert_eq!(page[48..53], [2, 0, 0, 0, 1]);
}

#[test]
fn nothing_of_one_exit_is_seen_at_the_next() {
    for first in EXITS {
        for second in EXITS {
            let mut reused = page(0, &[]);
            Run::new(&mut reused).unwrap().set_exit(&first);
            Run::new(&mut reused).unwrap().set_exit(&second);
            let mut fresh = page(0, &[]);
            Run::new(&mut fresh).unwrap().set_exit(&second);
            assert_eq!(reused, fresh, "{first:?}, then {second:?}");
        }
    }
}

#[test]
fn exits_have_the_header_s_layout() {
    let written = |exit| {
        let mut page = page(0, &[]);
        Run::new(&mut page).unwrap().set_exit(&exit);
        page
    };
    let event = written(Exit::SystemEvent { event: SystemEvent::Reset, data: 7 });
    assert_eq!(event, page(24, &[&2_u32.to_le_bytes(), &1_u32.to_le_bytes(), &doubles([7])]));
    let call = written(Exit::Sbi { extension: 1, function: 2, args: [3, 4, 5, 6, 7, 8] });
    assert_eq!(call, page(35, &[&doubles([1, 2, 3, 4, 5, 6, 7, 8, !1, 0])]));
    assert_eq!(
        written(Exit::Csr { number: 1, new_value: 2, write_mask: 3 }),
        page(36, &[&doubles([1, 2, 3])])
    );
    assert_eq!(written(Exit::FailEntry { reason: 1 }), page(9, &[&doubles([1])]));
    assert_eq!(written(Exit::InternalError { suberror: 3 }), page(17, &[&3_u32.to_le_bytes()]));
    let load = written(Exit::Mmio { address: 0x1000_0000, length: 4, stored: None });
    assert_eq!(load, page(6, &[&doubles([0x1000_0000, 0, 4])]));
}

#[test]
fn a_kernel_reads_the_monitor_s_answers() {
    let mut page = page(0, &[]);
    let mut run = Run::new(&mut page).unwrap();
    run.set_exit(&Exit::Mmio { address: 0, length: 8, stored: None });
    run.set_loaded(0x1122_3344_5566_7788);
    assert_eq!(run.loaded(), 0x1122_3344_5566_7788);
    run.set_exit(&Exit::Sbi { extension: 0, function: 0, args: [0; 6] });
    run.set_sbi_return([!0, 5]);
    assert_eq!(run.sbi_return(), [!0, 5]);
    run.set_exit(&Exit::Csr { number: 0, new_value: 0, write_mask: 0 });
    run.set_csr_return(!6);
    assert_eq!(run.csr_return(), !6);
    assert_eq!(page[56..64], doubles([!6]));
}

#[test]
fn what_the_monitor_does_not_answer_reads_zero_or_is_not_supported() {
    let mut page = std::vec![0xff; 4096];
    let mut run = Run::new(&mut page).unwrap();
    run.set_exit(&Exit::Mmio { address: 0, length: 8, stored: None });
    assert_eq!(run.loaded(), 0);
    run.set_exit(&Exit::Sbi { extension: 0, function: 0, args: [0; 6] });
    assert_eq!(run.sbi_return(), [-2_i64 as u64, 0]);
    run.set_exit(&Exit::Csr { number: 0, new_value: 0, write_mask: 0 });
    assert_eq!(run.csr_return(), 0);
}

#[test]
fn an_immediate_exit_is_asked_for_by_the_second_byte() {
    let mut page = page(0, &[]);
    assert!(!Run::new(&mut page).unwrap().immediate_exit());
    Run::new(&mut page).unwrap().set_immediate_exit(true);
    assert_eq!(page[..8], [0, 1, 0, 0, 0, 0, 0, 0]);
    assert!(Run::new(&mut page).unwrap().immediate_exit());
    Run::new(&mut page).unwrap().set_immediate_exit(false);
    assert!(!Run::new(&mut page).unwrap().immediate_exit());
}
