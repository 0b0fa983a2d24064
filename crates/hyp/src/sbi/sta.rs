//! The time that a virtual hart was ready to run and did not. SBI, "Steal-time Accounting Extension".

use super::{Answer, Call, INVALID_ADDRESS, INVALID_PARAM, NOT_SUPPORTED};
use crate::addr::Gpa;
use crate::error::Error;
use crate::host::Host;
use crate::request::Request;
use crate::vcpu::Vcpu;
use crate::vm::Vm;

/// Bytes of the record, to which it is also aligned.
const SIZE: u64 = 64;

/// Both halves of an address that stands for no record.
const NONE: u64 = u64::MAX;

/// Where the record's fields are.
const SEQUENCE: u64 = 0;
const STEAL: u64 = 8;

/// A virtual hart's record of stolen time.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct StolenTime {
    /// Where the guest has it.
    pub(crate) record: Option<Gpa>,
    /// The host's count of stolen time, in nanoseconds, when it was written last.
    last: Option<u64>,
}

pub(super) fn call<M: Host>(vcpu: &mut Vcpu, host: &M, call: Call) -> Answer {
    if call.function != 0 {
        return Answer::Error(NOT_SUPPORTED);
    }
    let [low, high, flags, ..] = call.args;
    if flags != 0 {
        return Answer::Error(INVALID_PARAM);
    }
    if low == NONE && high == NONE {
        vcpu.stolen.record = None;
        return Answer::Value(0);
    }
    if low % SIZE != 0 {
        return Answer::Error(INVALID_PARAM);
    }
    let record = Gpa(low);
    if high != 0 || vcpu.vm.write(host, record, &[0; SIZE as usize]).is_err() {
        return Answer::Error(INVALID_ADDRESS);
    }
    vcpu.stolen.record = Some(record);
    vcpu.stolen.last = None;
    vcpu.shared.requests.add(Request::StolenTime);
    Answer::Value(0)
}

impl Vcpu {
    /// Brings the guest's record up to date, if it has one.
    ///
    /// The sequence is odd while the record changes. A record that has lost its memory is forgotten.
    pub(crate) fn write_stolen_time<M: Host>(&mut self, host: &M) {
        let Some(record) = self.stolen.record else { return };
        let stolen = host.stolen_time();
        // What was stolen before the guest gave the record does not count.
        let fresh = self.stolen.last.map_or(0, |last| stolen.wrapping_sub(last));
        match add(&self.vm, host, record, fresh) {
            Ok(()) => self.stolen.last = Some(stolen),
            Err(_) => self.stolen.record = None,
        }
    }
}

fn add<M: Host>(vm: &Vm, host: &M, record: Gpa, nanoseconds: u64) -> Result<(), Error> {
    let (mut sequence, mut total) = ([0; 4], [0; 8]);
    vm.read(host, record.offset(SEQUENCE), &mut sequence)?;
    vm.read(host, record.offset(STEAL), &mut total)?;
    let sequence = u32::from_le_bytes(sequence) | 1;
    let total = u64::from_le_bytes(total).wrapping_add(nanoseconds);
    vm.write(host, record.offset(SEQUENCE), &sequence.to_le_bytes())?;
    vm.write(host, record.offset(STEAL), &total.to_le_bytes())?;
    vm.write(host, record.offset(SEQUENCE), &sequence.wrapping_add(1).to_le_bytes())
}
