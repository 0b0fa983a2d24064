//! `vhart vm --one-reg`: the registers of a virtual hart, in the form of docs/vmm.md.

use std::io::{self, Write};
use std::process::ExitCode;

use hyp::Vcpu;
use kvm::one_reg::Line;

/// More bytes than any register has.
const MOST: usize = 256;

/// Prints each register that there is, with its value.
///
/// # Errors
/// Where standard output cannot be written.
pub(crate) fn print(vcpu: &Vcpu, now: u64) -> anyhow::Result<ExitCode> {
    let mut output = io::stdout().lock();
    for register in vcpu.reg_list() {
        let mut value = [0; MOST];
        let value = &mut value[..register.size().min(MOST)];
        let value = vcpu.get_one_reg(register, now, value).map(|()| &*value);
        writeln!(output, "{}", Line { register, value })?;
    }
    Ok(ExitCode::SUCCESS)
}
