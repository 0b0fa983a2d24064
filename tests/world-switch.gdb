# Follows the demo's first guest in and out of its world:
#
#   target/release/vhart demo --gdb 127.0.0.1:1234 --paused
#   gdb-multiarch -batch -ex 'target remote 127.0.0.1:1234' -x tests/world-switch.gdb
#
# Bit 2 of $priv is V. The hypervisor is linked at the same address as its guests, and while a guest runs, stvec
# points behind the sret that enters it.

set pagination off

break *0x80200000 if ($priv & 4) != 0
continue
printf "guest entry: priv %d pc %lx\n", $priv, $pc
delete

set $vector = $stvec
break *($vector - 4)
continue
printf "before sret: priv %d sepc %lx\n", $priv, $sepc
stepi
printf "after sret: priv %d pc %lx\n", $priv, $pc
printf "hstatus %lx hgatp %lx vsatp %lx\n", $hstatus, $hgatp, $vsatp
delete

break *$vector
continue
printf "exit vector: priv %d scause %lx htval %lx htinst %lx\n", $priv, $scause, $htval, $htinst
delete
continue
