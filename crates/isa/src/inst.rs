//! THE instruction table: one row is one instruction; everything else is derived from it.
//!
//! A row of the first part reads `name Format "bit pattern" extension xlen;`. The pattern is written
//! from bit 31 down to bit 0, `.` standing for an operand bit. The extension may also be `(A & B)`, both
//! being needed, or `(A | B)`, either being enough. A row of the second part is a 16-bit
//! instruction; after `=` it names the 32-bit instruction it stands for (C extension, "RVC Instruction
//! Set Listings"), whose operands its format fills in.
//!
//! Consumers call [`for_each_instruction!`](crate::for_each_instruction) with the name of a macro that
//! takes the rows. Adding an instruction is adding a row here and a method of the same name in
//! `iss::exec`, whose absence is a compile error.

use crate::ext::Needs;
use crate::format::Format;
use crate::needs;

/// Calls the macro `$consumer` with every row of the instruction table.
#[macro_export]
macro_rules! for_each_instruction {
    ($consumer:ident) => {
        $consumer! {
            // RV32I.
            /// Load upper immediate.
            lui             U         ".................... ..... 0110111" I any;
            /// Add upper immediate to pc.
            auipc           U         ".................... ..... 0010111" I any;
            /// Jump and link.
            jal             J         ".................... ..... 1101111" I any;
            /// Jump and link, to a register plus offset.
            jalr            Jalr      "............ ..... 000 ..... 1100111" I any;
            /// Branch if equal.
            beq             B         "....... ..... ..... 000 ..... 1100011" I any;
            /// Branch if not equal.
            bne             B         "....... ..... ..... 001 ..... 1100011" I any;
            /// Branch if less than, signed.
            blt             B         "....... ..... ..... 100 ..... 1100011" I any;
            /// Branch if greater or equal, signed.
            bge             B         "....... ..... ..... 101 ..... 1100011" I any;
            /// Branch if less than, unsigned.
            bltu            B         "....... ..... ..... 110 ..... 1100011" I any;
            /// Branch if greater or equal, unsigned.
            bgeu            B         "....... ..... ..... 111 ..... 1100011" I any;
            /// Load byte, sign-extended.
            lb              Load      "............ ..... 000 ..... 0000011" I any;
            /// Load halfword, sign-extended.
            lh              Load      "............ ..... 001 ..... 0000011" I any;
            /// Load word, sign-extended.
            lw              Load      "............ ..... 010 ..... 0000011" I any;
            /// Load byte, zero-extended.
            lbu             Load      "............ ..... 100 ..... 0000011" I any;
            /// Load halfword, zero-extended.
            lhu             Load      "............ ..... 101 ..... 0000011" I any;
            /// Store byte.
            sb              Store     "....... ..... ..... 000 ..... 0100011" I any;
            /// Store halfword.
            sh              Store     "....... ..... ..... 001 ..... 0100011" I any;
            /// Store word.
            sw              Store     "....... ..... ..... 010 ..... 0100011" I any;
            /// Add immediate.
            addi            I         "............ ..... 000 ..... 0010011" I any;
            /// Set if less than immediate, signed.
            slti            I         "............ ..... 010 ..... 0010011" I any;
            /// Set if less than immediate, unsigned.
            sltiu           I         "............ ..... 011 ..... 0010011" I any;
            /// Exclusive-or immediate.
            xori            I         "............ ..... 100 ..... 0010011" I any;
            /// Or immediate.
            ori             I         "............ ..... 110 ..... 0010011" I any;
            /// And immediate.
            andi            I         "............ ..... 111 ..... 0010011" I any;
            /// Add.
            add             R         "0000000 ..... ..... 000 ..... 0110011" I any;
            /// Subtract.
            sub             R         "0100000 ..... ..... 000 ..... 0110011" I any;
            /// Shift left logical.
            sll             R         "0000000 ..... ..... 001 ..... 0110011" I any;
            /// Set if less than, signed.
            slt             R         "0000000 ..... ..... 010 ..... 0110011" I any;
            /// Set if less than, unsigned.
            sltu            R         "0000000 ..... ..... 011 ..... 0110011" I any;
            /// Exclusive-or.
            xor             R         "0000000 ..... ..... 100 ..... 0110011" I any;
            /// Shift right logical.
            srl             R         "0000000 ..... ..... 101 ..... 0110011" I any;
            /// Shift right arithmetic.
            sra             R         "0100000 ..... ..... 101 ..... 0110011" I any;
            /// Or.
            or              R         "0000000 ..... ..... 110 ..... 0110011" I any;
            /// And.
            and             R         "0000000 ..... ..... 111 ..... 0110011" I any;
            /// Order memory accesses; reserved forms are executed as the strongest fence.
            fence           Fence     ".... ... . .... ..... 000 ..... 0001111" I any;
            /// Call the execution environment.
            ecall           Bare      "0000000 00000 00000 000 00000 1110011" I any;
            /// Breakpoint.
            ebreak          Bare      "0000000 00001 00000 000 00000 1110011" I any;

            // RV64I additions.
            /// Load word, zero-extended.
            lwu             Load      "............ ..... 110 ..... 0000011" I rv64;
            /// Load doubleword.
            ld              Load      "............ ..... 011 ..... 0000011" I rv64;
            /// Store doubleword.
            sd              Store     "....... ..... ..... 011 ..... 0100011" I rv64;
            /// Shift left logical by immediate.
            slli            Shift6    "000000 ...... ..... 001 ..... 0010011" I rv64;
            /// Shift right logical by immediate.
            srli            Shift6    "000000 ...... ..... 101 ..... 0010011" I rv64;
            /// Shift right arithmetic by immediate.
            srai            Shift6    "010000 ...... ..... 101 ..... 0010011" I rv64;
            /// Add immediate, 32-bit.
            addiw           I         "............ ..... 000 ..... 0011011" I rv64;
            /// Shift left logical by immediate, 32-bit.
            slliw           Shift5    "0000000 ..... ..... 001 ..... 0011011" I rv64;
            /// Shift right logical by immediate, 32-bit.
            srliw           Shift5    "0000000 ..... ..... 101 ..... 0011011" I rv64;
            /// Shift right arithmetic by immediate, 32-bit.
            sraiw           Shift5    "0100000 ..... ..... 101 ..... 0011011" I rv64;
            /// Add, 32-bit.
            addw            R         "0000000 ..... ..... 000 ..... 0111011" I rv64;
            /// Subtract, 32-bit.
            subw            R         "0100000 ..... ..... 000 ..... 0111011" I rv64;
            /// Shift left logical, 32-bit.
            sllw            R         "0000000 ..... ..... 001 ..... 0111011" I rv64;
            /// Shift right logical, 32-bit.
            srlw            R         "0000000 ..... ..... 101 ..... 0111011" I rv64;
            /// Shift right arithmetic, 32-bit.
            sraw            R         "0100000 ..... ..... 101 ..... 0111011" I rv64;

            // Zifencei.
            /// Make earlier stores visible to instruction fetch.
            fence_i         FenceI    "............ ..... 001 ..... 0001111" Zifencei any;

            // Zicsr.
            /// Swap a CSR with a register.
            csrrw           Csr       "............ ..... 001 ..... 1110011" Zicsr any;
            /// Read a CSR and set the bits of a register.
            csrrs           Csr       "............ ..... 010 ..... 1110011" Zicsr any;
            /// Read a CSR and clear the bits of a register.
            csrrc           Csr       "............ ..... 011 ..... 1110011" Zicsr any;
            /// Swap a CSR with an immediate.
            csrrwi          CsrI      "............ ..... 101 ..... 1110011" Zicsr any;
            /// Read a CSR and set the bits of an immediate.
            csrrsi          CsrI      "............ ..... 110 ..... 1110011" Zicsr any;
            /// Read a CSR and clear the bits of an immediate.
            csrrci          CsrI      "............ ..... 111 ..... 1110011" Zicsr any;

            // RV32M.
            /// Multiply, low half.
            mul             R         "0000001 ..... ..... 000 ..... 0110011" M any;
            /// Multiply signed by signed, high half.
            mulh            R         "0000001 ..... ..... 001 ..... 0110011" M any;
            /// Multiply signed by unsigned, high half.
            mulhsu          R         "0000001 ..... ..... 010 ..... 0110011" M any;
            /// Multiply unsigned by unsigned, high half.
            mulhu           R         "0000001 ..... ..... 011 ..... 0110011" M any;
            /// Divide, signed.
            div             R         "0000001 ..... ..... 100 ..... 0110011" M any;
            /// Divide, unsigned.
            divu            R         "0000001 ..... ..... 101 ..... 0110011" M any;
            /// Remainder, signed.
            rem             R         "0000001 ..... ..... 110 ..... 0110011" M any;
            /// Remainder, unsigned.
            remu            R         "0000001 ..... ..... 111 ..... 0110011" M any;

            // RV64M additions.
            /// Multiply, 32-bit.
            mulw            R         "0000001 ..... ..... 000 ..... 0111011" M rv64;
            /// Divide, signed, 32-bit.
            divw            R         "0000001 ..... ..... 100 ..... 0111011" M rv64;
            /// Divide, unsigned, 32-bit.
            divuw           R         "0000001 ..... ..... 101 ..... 0111011" M rv64;
            /// Remainder, signed, 32-bit.
            remw            R         "0000001 ..... ..... 110 ..... 0111011" M rv64;
            /// Remainder, unsigned, 32-bit.
            remuw           R         "0000001 ..... ..... 111 ..... 0111011" M rv64;

            // RV32A.
            /// Load word and reserve its address.
            lr_w            Lr        "00010 . . 00000 ..... 010 ..... 0101111" A any;
            /// Store word if the reservation holds.
            sc_w            Amo       "00011 . . ..... ..... 010 ..... 0101111" A any;
            /// Atomic word swap.
            amoswap_w       Amo       "00001 . . ..... ..... 010 ..... 0101111" A any;
            /// Atomic word add.
            amoadd_w        Amo       "00000 . . ..... ..... 010 ..... 0101111" A any;
            /// Atomic word exclusive-or.
            amoxor_w        Amo       "00100 . . ..... ..... 010 ..... 0101111" A any;
            /// Atomic word and.
            amoand_w        Amo       "01100 . . ..... ..... 010 ..... 0101111" A any;
            /// Atomic word or.
            amoor_w         Amo       "01000 . . ..... ..... 010 ..... 0101111" A any;
            /// Atomic word minimum, signed.
            amomin_w        Amo       "10000 . . ..... ..... 010 ..... 0101111" A any;
            /// Atomic word maximum, signed.
            amomax_w        Amo       "10100 . . ..... ..... 010 ..... 0101111" A any;
            /// Atomic word minimum, unsigned.
            amominu_w       Amo       "11000 . . ..... ..... 010 ..... 0101111" A any;
            /// Atomic word maximum, unsigned.
            amomaxu_w       Amo       "11100 . . ..... ..... 010 ..... 0101111" A any;

            // RV64A additions.
            /// Load doubleword and reserve its address.
            lr_d            Lr        "00010 . . 00000 ..... 011 ..... 0101111" A rv64;
            /// Store doubleword if the reservation holds.
            sc_d            Amo       "00011 . . ..... ..... 011 ..... 0101111" A rv64;
            /// Atomic doubleword swap.
            amoswap_d       Amo       "00001 . . ..... ..... 011 ..... 0101111" A rv64;
            /// Atomic doubleword add.
            amoadd_d        Amo       "00000 . . ..... ..... 011 ..... 0101111" A rv64;
            /// Atomic doubleword exclusive-or.
            amoxor_d        Amo       "00100 . . ..... ..... 011 ..... 0101111" A rv64;
            /// Atomic doubleword and.
            amoand_d        Amo       "01100 . . ..... ..... 011 ..... 0101111" A rv64;
            /// Atomic doubleword or.
            amoor_d         Amo       "01000 . . ..... ..... 011 ..... 0101111" A rv64;
            /// Atomic doubleword minimum, signed.
            amomin_d        Amo       "10000 . . ..... ..... 011 ..... 0101111" A rv64;
            /// Atomic doubleword maximum, signed.
            amomax_d        Amo       "10100 . . ..... ..... 011 ..... 0101111" A rv64;
            /// Atomic doubleword minimum, unsigned.
            amominu_d       Amo       "11000 . . ..... ..... 011 ..... 0101111" A rv64;
            /// Atomic doubleword maximum, unsigned.
            amomaxu_d       Amo       "11100 . . ..... ..... 011 ..... 0101111" A rv64;


            // Zacas.
            /// Atomic word compare-and-swap.
            amocas_w        Amo       "00101 . . ..... ..... 010 ..... 0101111" Zacas any;
            /// Atomic doubleword compare-and-swap.
            amocas_d        Amo       "00101 . . ..... ..... 011 ..... 0101111" Zacas any;
            /// Atomic quadword compare-and-swap, in pairs of registers.
            amocas_q        AmoPair   "00101 . . ..... ..... 100 ..... 0101111" Zacas rv64;

            // Zabha.
            /// Atomic byte swap.
            amoswap_b       Amo       "00001 . . ..... ..... 000 ..... 0101111" Zabha any;
            /// Atomic byte add.
            amoadd_b        Amo       "00000 . . ..... ..... 000 ..... 0101111" Zabha any;
            /// Atomic byte exclusive-or.
            amoxor_b        Amo       "00100 . . ..... ..... 000 ..... 0101111" Zabha any;
            /// Atomic byte and.
            amoand_b        Amo       "01100 . . ..... ..... 000 ..... 0101111" Zabha any;
            /// Atomic byte or.
            amoor_b         Amo       "01000 . . ..... ..... 000 ..... 0101111" Zabha any;
            /// Atomic byte minimum, signed.
            amomin_b        Amo       "10000 . . ..... ..... 000 ..... 0101111" Zabha any;
            /// Atomic byte maximum, signed.
            amomax_b        Amo       "10100 . . ..... ..... 000 ..... 0101111" Zabha any;
            /// Atomic byte minimum, unsigned.
            amominu_b       Amo       "11000 . . ..... ..... 000 ..... 0101111" Zabha any;
            /// Atomic byte maximum, unsigned.
            amomaxu_b       Amo       "11100 . . ..... ..... 000 ..... 0101111" Zabha any;
            /// Atomic halfword swap.
            amoswap_h       Amo       "00001 . . ..... ..... 001 ..... 0101111" Zabha any;
            /// Atomic halfword add.
            amoadd_h        Amo       "00000 . . ..... ..... 001 ..... 0101111" Zabha any;
            /// Atomic halfword exclusive-or.
            amoxor_h        Amo       "00100 . . ..... ..... 001 ..... 0101111" Zabha any;
            /// Atomic halfword and.
            amoand_h        Amo       "01100 . . ..... ..... 001 ..... 0101111" Zabha any;
            /// Atomic halfword or.
            amoor_h         Amo       "01000 . . ..... ..... 001 ..... 0101111" Zabha any;
            /// Atomic halfword minimum, signed.
            amomin_h        Amo       "10000 . . ..... ..... 001 ..... 0101111" Zabha any;
            /// Atomic halfword maximum, signed.
            amomax_h        Amo       "10100 . . ..... ..... 001 ..... 0101111" Zabha any;
            /// Atomic halfword minimum, unsigned.
            amominu_h       Amo       "11000 . . ..... ..... 001 ..... 0101111" Zabha any;
            /// Atomic halfword maximum, unsigned.
            amomaxu_h       Amo       "11100 . . ..... ..... 001 ..... 0101111" Zabha any;

            // Zabha with Zacas.
            /// Atomic byte compare-and-swap.
            amocas_b        Amo       "00101 . . ..... ..... 000 ..... 0101111" (Zabha & Zacas) any;
            /// Atomic halfword compare-and-swap.
            amocas_h        Amo       "00101 . . ..... ..... 001 ..... 0101111" (Zabha & Zacas) any;

            // Zawrs.
            /// Wait until the reservation set is stored to.
            wrs_nto         Bare      "0000000 01101 00000 000 00000 1110011" Zawrs any;
            /// Wait until the reservation set is stored to, for a short time.
            wrs_sto         Bare      "0000000 11101 00000 000 00000 1110011" Zawrs any;

            // RV32F.
            /// Load a single-precision value.
            flw             FLoad     "............ ..... 010 ..... 0000111" F any;
            /// Store a single-precision value.
            fsw             FStore    "....... ..... ..... 010 ..... 0100111" F any;
            /// Single-precision multiply and add.
            fmadd_s         F4        "..... 00 ..... ..... ... ..... 1000011" F any;
            /// Single-precision multiply and subtract.
            fmsub_s         F4        "..... 00 ..... ..... ... ..... 1000111" F any;
            /// Single-precision negated multiply and add.
            fnmsub_s        F4        "..... 00 ..... ..... ... ..... 1001011" F any;
            /// Single-precision negated multiply and subtract.
            fnmadd_s        F4        "..... 00 ..... ..... ... ..... 1001111" F any;
            /// Single-precision add.
            fadd_s          FRm       "0000000 ..... ..... ... ..... 1010011" F any;
            /// Single-precision subtract.
            fsub_s          FRm       "0000100 ..... ..... ... ..... 1010011" F any;
            /// Single-precision multiply.
            fmul_s          FRm       "0001000 ..... ..... ... ..... 1010011" F any;
            /// Single-precision divide.
            fdiv_s          FRm       "0001100 ..... ..... ... ..... 1010011" F any;
            /// Single-precision square root.
            fsqrt_s         FUnaryRm  "0101100 00000 ..... ... ..... 1010011" F any;
            /// Single-precision take the sign of the second operand.
            fsgnj_s         F         "0010000 ..... ..... 000 ..... 1010011" F any;
            /// Single-precision take the opposite sign of the second operand.
            fsgnjn_s        F         "0010000 ..... ..... 001 ..... 1010011" F any;
            /// Single-precision exclusive-or the signs.
            fsgnjx_s        F         "0010000 ..... ..... 010 ..... 1010011" F any;
            /// Single-precision minimum.
            fmin_s          F         "0010100 ..... ..... 000 ..... 1010011" F any;
            /// Single-precision maximum.
            fmax_s          F         "0010100 ..... ..... 001 ..... 1010011" F any;
            /// Convert single precision to a signed word.
            fcvt_w_s        FToXRm    "1100000 00000 ..... ... ..... 1010011" F any;
            /// Convert single precision to an unsigned word.
            fcvt_wu_s       FToXRm    "1100000 00001 ..... ... ..... 1010011" F any;
            /// Move the bits of a single to an integer register, sign-extended.
            fmv_x_w         FToX      "1110000 00000 ..... 000 ..... 1010011" F any;
            /// Single-precision compare equal, quiet.
            feq_s           FCompare  "1010000 ..... ..... 010 ..... 1010011" F any;
            /// Single-precision compare less than, signaling.
            flt_s           FCompare  "1010000 ..... ..... 001 ..... 1010011" F any;
            /// Single-precision compare less or equal, signaling.
            fle_s           FCompare  "1010000 ..... ..... 000 ..... 1010011" F any;
            /// Single-precision classify.
            fclass_s        FToX      "1110000 00000 ..... 001 ..... 1010011" F any;
            /// Convert a signed word to single precision.
            fcvt_s_w        XToFRm    "1101000 00000 ..... ... ..... 1010011" F any;
            /// Convert an unsigned word to single precision.
            fcvt_s_wu       XToFRm    "1101000 00001 ..... ... ..... 1010011" F any;
            /// Move the low 32 bits of an integer register to a single.
            fmv_w_x         XToF      "1111000 00000 ..... 000 ..... 1010011" F any;

            // RV64F additions.
            /// Convert single precision to a signed doubleword.
            fcvt_l_s        FToXRm    "1100000 00010 ..... ... ..... 1010011" F rv64;
            /// Convert single precision to an unsigned doubleword.
            fcvt_lu_s       FToXRm    "1100000 00011 ..... ... ..... 1010011" F rv64;
            /// Convert a signed doubleword to single precision.
            fcvt_s_l        XToFRm    "1101000 00010 ..... ... ..... 1010011" F rv64;
            /// Convert an unsigned doubleword to single precision.
            fcvt_s_lu       XToFRm    "1101000 00011 ..... ... ..... 1010011" F rv64;

            // RV32D.
            /// Load a double-precision value.
            fld             FLoad     "............ ..... 011 ..... 0000111" D any;
            /// Store a double-precision value.
            fsd             FStore    "....... ..... ..... 011 ..... 0100111" D any;
            /// Double-precision multiply and add.
            fmadd_d         F4        "..... 01 ..... ..... ... ..... 1000011" D any;
            /// Double-precision multiply and subtract.
            fmsub_d         F4        "..... 01 ..... ..... ... ..... 1000111" D any;
            /// Double-precision negated multiply and add.
            fnmsub_d        F4        "..... 01 ..... ..... ... ..... 1001011" D any;
            /// Double-precision negated multiply and subtract.
            fnmadd_d        F4        "..... 01 ..... ..... ... ..... 1001111" D any;
            /// Double-precision add.
            fadd_d          FRm       "0000001 ..... ..... ... ..... 1010011" D any;
            /// Double-precision subtract.
            fsub_d          FRm       "0000101 ..... ..... ... ..... 1010011" D any;
            /// Double-precision multiply.
            fmul_d          FRm       "0001001 ..... ..... ... ..... 1010011" D any;
            /// Double-precision divide.
            fdiv_d          FRm       "0001101 ..... ..... ... ..... 1010011" D any;
            /// Double-precision square root.
            fsqrt_d         FUnaryRm  "0101101 00000 ..... ... ..... 1010011" D any;
            /// Double-precision take the sign of the second operand.
            fsgnj_d         F         "0010001 ..... ..... 000 ..... 1010011" D any;
            /// Double-precision take the opposite sign of the second operand.
            fsgnjn_d        F         "0010001 ..... ..... 001 ..... 1010011" D any;
            /// Double-precision exclusive-or the signs.
            fsgnjx_d        F         "0010001 ..... ..... 010 ..... 1010011" D any;
            /// Double-precision minimum.
            fmin_d          F         "0010101 ..... ..... 000 ..... 1010011" D any;
            /// Double-precision maximum.
            fmax_d          F         "0010101 ..... ..... 001 ..... 1010011" D any;
            /// Convert double precision to single.
            fcvt_s_d        FUnaryRm  "0100000 00001 ..... ... ..... 1010011" D any;
            /// Convert single precision to double.
            fcvt_d_s        FUnaryRm  "0100001 00000 ..... ... ..... 1010011" D any;
            /// Double-precision compare equal, quiet.
            feq_d           FCompare  "1010001 ..... ..... 010 ..... 1010011" D any;
            /// Double-precision compare less than, signaling.
            flt_d           FCompare  "1010001 ..... ..... 001 ..... 1010011" D any;
            /// Double-precision compare less or equal, signaling.
            fle_d           FCompare  "1010001 ..... ..... 000 ..... 1010011" D any;
            /// Double-precision classify.
            fclass_d        FToX      "1110001 00000 ..... 001 ..... 1010011" D any;
            /// Convert double precision to a signed word.
            fcvt_w_d        FToXRm    "1100001 00000 ..... ... ..... 1010011" D any;
            /// Convert double precision to an unsigned word.
            fcvt_wu_d       FToXRm    "1100001 00001 ..... ... ..... 1010011" D any;
            /// Convert a signed word to double precision.
            fcvt_d_w        XToFRm    "1101001 00000 ..... ... ..... 1010011" D any;
            /// Convert an unsigned word to double precision.
            fcvt_d_wu       XToFRm    "1101001 00001 ..... ... ..... 1010011" D any;

            // RV64D additions.
            /// Convert double precision to a signed doubleword.
            fcvt_l_d        FToXRm    "1100001 00010 ..... ... ..... 1010011" D rv64;
            /// Convert double precision to an unsigned doubleword.
            fcvt_lu_d       FToXRm    "1100001 00011 ..... ... ..... 1010011" D rv64;
            /// Move the bits of a double to an integer register.
            fmv_x_d         FToX      "1110001 00000 ..... 000 ..... 1010011" D rv64;
            /// Convert a signed doubleword to double precision.
            fcvt_d_l        XToFRm    "1101001 00010 ..... ... ..... 1010011" D rv64;
            /// Convert an unsigned doubleword to double precision.
            fcvt_d_lu       XToFRm    "1101001 00011 ..... ... ..... 1010011" D rv64;
            /// Move the bits of an integer register to a double.
            fmv_d_x         XToF      "1111001 00000 ..... 000 ..... 1010011" D rv64;

            // Zfhmin.
            /// Load a half-precision value.
            flh             FLoad     "............ ..... 001 ..... 0000111" Zfhmin any;
            /// Store a half-precision value.
            fsh             FStore    "....... ..... ..... 001 ..... 0100111" Zfhmin any;
            /// Convert half precision to single.
            fcvt_s_h        FUnaryRm  "0100000 00010 ..... ... ..... 1010011" Zfhmin any;
            /// Convert single precision to half.
            fcvt_h_s        FUnaryRm  "0100010 00000 ..... ... ..... 1010011" Zfhmin any;
            /// Move the bits of a half to an integer register, sign-extended.
            fmv_x_h         FToX      "1110010 00000 ..... 000 ..... 1010011" Zfhmin any;
            /// Move the low 16 bits of an integer register to a half.
            fmv_h_x         XToF      "1111010 00000 ..... 000 ..... 1010011" Zfhmin any;

            // Zfhmin with D.
            /// Convert half precision to double.
            fcvt_d_h        FUnaryRm  "0100001 00010 ..... ... ..... 1010011" (Zfhmin & D) any;
            /// Convert double precision to half.
            fcvt_h_d        FUnaryRm  "0100010 00001 ..... ... ..... 1010011" (Zfhmin & D) any;

            // Zfh.
            /// Half-precision multiply and add.
            fmadd_h         F4        "..... 10 ..... ..... ... ..... 1000011" Zfh any;
            /// Half-precision multiply and subtract.
            fmsub_h         F4        "..... 10 ..... ..... ... ..... 1000111" Zfh any;
            /// Half-precision negated multiply and subtract.
            fnmsub_h        F4        "..... 10 ..... ..... ... ..... 1001011" Zfh any;
            /// Half-precision negated multiply and add.
            fnmadd_h        F4        "..... 10 ..... ..... ... ..... 1001111" Zfh any;
            /// Half-precision add.
            fadd_h          FRm       "0000010 ..... ..... ... ..... 1010011" Zfh any;
            /// Half-precision subtract.
            fsub_h          FRm       "0000110 ..... ..... ... ..... 1010011" Zfh any;
            /// Half-precision multiply.
            fmul_h          FRm       "0001010 ..... ..... ... ..... 1010011" Zfh any;
            /// Half-precision divide.
            fdiv_h          FRm       "0001110 ..... ..... ... ..... 1010011" Zfh any;
            /// Half-precision square root.
            fsqrt_h         FUnaryRm  "0101110 00000 ..... ... ..... 1010011" Zfh any;
            /// Half-precision take the sign of the second operand.
            fsgnj_h         F         "0010010 ..... ..... 000 ..... 1010011" Zfh any;
            /// Half-precision take the opposite sign of the second operand.
            fsgnjn_h        F         "0010010 ..... ..... 001 ..... 1010011" Zfh any;
            /// Half-precision exclusive-or the signs.
            fsgnjx_h        F         "0010010 ..... ..... 010 ..... 1010011" Zfh any;
            /// Half-precision minimum.
            fmin_h          F         "0010110 ..... ..... 000 ..... 1010011" Zfh any;
            /// Half-precision maximum.
            fmax_h          F         "0010110 ..... ..... 001 ..... 1010011" Zfh any;
            /// Half-precision compare equal, quiet.
            feq_h           FCompare  "1010010 ..... ..... 010 ..... 1010011" Zfh any;
            /// Half-precision compare less than, signaling.
            flt_h           FCompare  "1010010 ..... ..... 001 ..... 1010011" Zfh any;
            /// Half-precision compare less or equal, signaling.
            fle_h           FCompare  "1010010 ..... ..... 000 ..... 1010011" Zfh any;
            /// Half-precision classify.
            fclass_h        FToX      "1110010 00000 ..... 001 ..... 1010011" Zfh any;
            /// Convert half precision to a signed word.
            fcvt_w_h        FToXRm    "1100010 00000 ..... ... ..... 1010011" Zfh any;
            /// Convert half precision to an unsigned word.
            fcvt_wu_h       FToXRm    "1100010 00001 ..... ... ..... 1010011" Zfh any;
            /// Convert a signed word to half precision.
            fcvt_h_w        XToFRm    "1101010 00000 ..... ... ..... 1010011" Zfh any;
            /// Convert an unsigned word to half precision.
            fcvt_h_wu       XToFRm    "1101010 00001 ..... ... ..... 1010011" Zfh any;

            // Zfh, RV64 additions.
            /// Convert half precision to a signed doubleword.
            fcvt_l_h        FToXRm    "1100010 00010 ..... ... ..... 1010011" Zfh rv64;
            /// Convert half precision to an unsigned doubleword.
            fcvt_lu_h       FToXRm    "1100010 00011 ..... ... ..... 1010011" Zfh rv64;
            /// Convert a signed doubleword to half precision.
            fcvt_h_l        XToFRm    "1101010 00010 ..... ... ..... 1010011" Zfh rv64;
            /// Convert an unsigned doubleword to half precision.
            fcvt_h_lu       XToFRm    "1101010 00011 ..... ... ..... 1010011" Zfh rv64;

            // Zfa.
            /// Load one of 32 constants as a single.
            fli_s           Fli       "1111000 00001 ..... 000 ..... 1010011" Zfa any;
            /// Single-precision minimum, a NaN if there is one.
            fminm_s         F         "0010100 ..... ..... 010 ..... 1010011" Zfa any;
            /// Single-precision maximum, a NaN if there is one.
            fmaxm_s         F         "0010100 ..... ..... 011 ..... 1010011" Zfa any;
            /// Single-precision round to an integer.
            fround_s        FUnaryRm  "0100000 00100 ..... ... ..... 1010011" Zfa any;
            /// Single-precision round to an integer, inexact where that changes the value.
            froundnx_s      FUnaryRm  "0100000 00101 ..... ... ..... 1010011" Zfa any;
            /// Single-precision compare less or equal, quiet.
            fleq_s          FCompare  "1010000 ..... ..... 100 ..... 1010011" Zfa any;
            /// Single-precision compare less than, quiet.
            fltq_s          FCompare  "1010000 ..... ..... 101 ..... 1010011" Zfa any;

            // Zfa with D.
            /// Load one of 32 constants as a double.
            fli_d           Fli       "1111001 00001 ..... 000 ..... 1010011" (Zfa & D) any;
            /// Double-precision minimum, a NaN if there is one.
            fminm_d         F         "0010101 ..... ..... 010 ..... 1010011" (Zfa & D) any;
            /// Double-precision maximum, a NaN if there is one.
            fmaxm_d         F         "0010101 ..... ..... 011 ..... 1010011" (Zfa & D) any;
            /// Double-precision round to an integer.
            fround_d        FUnaryRm  "0100001 00100 ..... ... ..... 1010011" (Zfa & D) any;
            /// Double-precision round to an integer, inexact where that changes the value.
            froundnx_d      FUnaryRm  "0100001 00101 ..... ... ..... 1010011" (Zfa & D) any;
            /// Convert double precision to a signed word, modulo its range.
            fcvtmod_w_d     FToXRtz   "1100001 01000 ..... 001 ..... 1010011" (Zfa & D) any;
            /// Double-precision compare less or equal, quiet.
            fleq_d          FCompare  "1010001 ..... ..... 100 ..... 1010011" (Zfa & D) any;
            /// Double-precision compare less than, quiet.
            fltq_d          FCompare  "1010001 ..... ..... 101 ..... 1010011" (Zfa & D) any;

            // Zfa with Zfh.
            /// Load one of 32 constants as a half.
            fli_h           Fli       "1111010 00001 ..... 000 ..... 1010011" (Zfa & Zfh) any;
            /// Half-precision minimum, a NaN if there is one.
            fminm_h         F         "0010110 ..... ..... 010 ..... 1010011" (Zfa & Zfh) any;
            /// Half-precision maximum, a NaN if there is one.
            fmaxm_h         F         "0010110 ..... ..... 011 ..... 1010011" (Zfa & Zfh) any;
            /// Half-precision round to an integer.
            fround_h        FUnaryRm  "0100010 00100 ..... ... ..... 1010011" (Zfa & Zfh) any;
            /// Half-precision round to an integer, inexact where that changes the value.
            froundnx_h      FUnaryRm  "0100010 00101 ..... ... ..... 1010011" (Zfa & Zfh) any;
            /// Half-precision compare less or equal, quiet.
            fleq_h          FCompare  "1010010 ..... ..... 100 ..... 1010011" (Zfa & Zfh) any;
            /// Half-precision compare less than, quiet.
            fltq_h          FCompare  "1010010 ..... ..... 101 ..... 1010011" (Zfa & Zfh) any;

            // Machine-level privileged instructions.
            /// Return from a trap into M-mode.
            mret            Bare      "0011000 00010 00000 000 00000 1110011" Sm any;
            /// Wait for an interrupt.
            wfi             Bare      "0001000 00101 00000 000 00000 1110011" Sm any;

            // Supervisor instructions.
            /// Order page-table writes before translations: HS-mode's, or at V=1 the VS stage's.
            sfence_vma      FenceVma  "0001001 ..... ..... 000 00000 1110011" S any;
            /// Return from a trap into HS- or VS-mode.
            sret            Bare      "0001000 00010 00000 000 00000 1110011" S any;

            // Svinval.
            /// Invalidate as SFENCE.VMA does, without its ordering.
            sinval_vma      FenceVma  "0001011 ..... ..... 000 00000 1110011" Svinval any;
            /// Order earlier stores before later invalidations.
            sfence_w_inval  Bare      "0001100 00000 00000 000 00000 1110011" Svinval any;
            /// Order earlier invalidations before later translations.
            sfence_inval_ir Bare      "0001100 00001 00000 000 00000 1110011" Svinval any;

            // H.
            /// Order VS-stage page-table writes before translations of the current VMID.
            hfence_vvma     FenceVma  "0010001 ..... ..... 000 00000 1110011" H any;
            /// Order G-stage page-table writes before translations.
            hfence_gvma     FenceVma  "0110001 ..... ..... 000 00000 1110011" H any;
            /// Load byte as the guest would.
            hlv_b           HLoad     "0110000 00000 ..... 100 ..... 1110011" H any;
            /// Load byte as the guest would, zero-extended.
            hlv_bu          HLoad     "0110000 00001 ..... 100 ..... 1110011" H any;
            /// Load halfword as the guest would.
            hlv_h           HLoad     "0110010 00000 ..... 100 ..... 1110011" H any;
            /// Load halfword as the guest would, zero-extended.
            hlv_hu          HLoad     "0110010 00001 ..... 100 ..... 1110011" H any;
            /// Load halfword as the guest would fetch it: with execute permission, zero-extended.
            hlvx_hu         HLoad     "0110010 00011 ..... 100 ..... 1110011" H any;
            /// Load word as the guest would.
            hlv_w           HLoad     "0110100 00000 ..... 100 ..... 1110011" H any;
            /// Load word as the guest would fetch it: with execute permission, zero-extended.
            hlvx_wu         HLoad     "0110100 00011 ..... 100 ..... 1110011" H any;
            /// Store byte as the guest would.
            hsv_b           HStore    "0110001 ..... ..... 100 00000 1110011" H any;
            /// Store halfword as the guest would.
            hsv_h           HStore    "0110011 ..... ..... 100 00000 1110011" H any;
            /// Store word as the guest would.
            hsv_w           HStore    "0110101 ..... ..... 100 00000 1110011" H any;

            // H, RV64 additions.
            /// Load word as the guest would, zero-extended.
            hlv_wu          HLoad     "0110100 00001 ..... 100 ..... 1110011" H rv64;
            /// Load doubleword as the guest would.
            hlv_d           HLoad     "0110110 00000 ..... 100 ..... 1110011" H rv64;
            /// Store doubleword as the guest would.
            hsv_d           HStore    "0110111 ..... ..... 100 00000 1110011" H rv64;

            // Svinval with H.
            /// Invalidate as HFENCE.VVMA does, without its ordering.
            hinval_vvma     FenceVma  "0010011 ..... ..... 000 00000 1110011" (Svinval & H) any;
            /// Invalidate as HFENCE.GVMA does, without its ordering.
            hinval_gvma     FenceVma  "0110011 ..... ..... 000 00000 1110011" (Svinval & H) any;

            // Zicbom.
            /// Invalidate a cache block.
            cbo_inval       Cbo       "000000000000 ..... 010 00000 0001111" Zicbom any;
            /// Clean a cache block.
            cbo_clean       Cbo       "000000000001 ..... 010 00000 0001111" Zicbom any;
            /// Clean and invalidate a cache block.
            cbo_flush       Cbo       "000000000010 ..... 010 00000 0001111" Zicbom any;

            // Zicboz.
            /// Store zeros to a cache block.
            cbo_zero        Cbo       "000000000100 ..... 010 00000 0001111" Zicboz any;

            // Zicbop: special cases of ori.
            /// Announce an instruction fetch from a cache block.
            prefetch_i      Prefetch  "....... 00000 ..... 110 00000 0010011" Zicbop any;
            /// Announce a load from a cache block.
            prefetch_r      Prefetch  "....... 00001 ..... 110 00000 0010011" Zicbop any;
            /// Announce a store to a cache block.
            prefetch_w      Prefetch  "....... 00011 ..... 110 00000 0010011" Zicbop any;

            // Zihintpause: a special case of fence.
            /// Slow down for a while.
            pause           Bare      "000000010000 00000 000 00000 0001111" Zihintpause any;

            // Zihintntl: special cases of add.
            /// The next access is not local to the innermost private cache.
            ntl_p1          Bare      "0000000 00010 00000 000 00000 0110011" Zihintntl any;
            /// The next access is not local to any private cache.
            ntl_pall        Bare      "0000000 00011 00000 000 00000 0110011" Zihintntl any;
            /// The next access is not local to the innermost shared cache.
            ntl_s1          Bare      "0000000 00100 00000 000 00000 0110011" Zihintntl any;
            /// The next access is not local to any cache.
            ntl_all         Bare      "0000000 00101 00000 000 00000 0110011" Zihintntl any;

            // Zimop.
            /// May-be-operation number n on one register: writes zero.
            mop_r           MopR      "1 . 00 .. 0111 .. ..... 100 ..... 1110011" Zimop any;
            /// May-be-operation number n on two registers: writes zero.
            mop_rr          MopRr     "1 . 00 .. 1 ..... ..... 100 ..... 1110011" Zimop any;

            // Zba.
            /// Shift left by 1 and add.
            sh1add          R         "0010000 ..... ..... 010 ..... 0110011" Zba any;
            /// Shift left by 2 and add.
            sh2add          R         "0010000 ..... ..... 100 ..... 0110011" Zba any;
            /// Shift left by 3 and add.
            sh3add          R         "0010000 ..... ..... 110 ..... 0110011" Zba any;
            /// Add an unsigned word.
            add_uw          R         "0000100 ..... ..... 000 ..... 0111011" Zba rv64;
            /// Shift an unsigned word left by 1 and add.
            sh1add_uw       R         "0010000 ..... ..... 010 ..... 0111011" Zba rv64;
            /// Shift an unsigned word left by 2 and add.
            sh2add_uw       R         "0010000 ..... ..... 100 ..... 0111011" Zba rv64;
            /// Shift an unsigned word left by 3 and add.
            sh3add_uw       R         "0010000 ..... ..... 110 ..... 0111011" Zba rv64;
            /// Shift an unsigned word left by immediate.
            slli_uw         Shift6    "000010 ...... ..... 001 ..... 0011011" Zba rv64;

            // Zbb.
            /// Count leading zeros.
            clz             Unary     "0110000 00000 ..... 001 ..... 0010011" Zbb any;
            /// Count trailing zeros.
            ctz             Unary     "0110000 00001 ..... 001 ..... 0010011" Zbb any;
            /// Count set bits.
            cpop            Unary     "0110000 00010 ..... 001 ..... 0010011" Zbb any;
            /// Maximum, signed.
            max             R         "0000101 ..... ..... 110 ..... 0110011" Zbb any;
            /// Maximum, unsigned.
            maxu            R         "0000101 ..... ..... 111 ..... 0110011" Zbb any;
            /// Minimum, signed.
            min             R         "0000101 ..... ..... 100 ..... 0110011" Zbb any;
            /// Minimum, unsigned.
            minu            R         "0000101 ..... ..... 101 ..... 0110011" Zbb any;
            /// Sign-extend byte.
            sext_b          Unary     "0110000 00100 ..... 001 ..... 0010011" Zbb any;
            /// Sign-extend halfword.
            sext_h          Unary     "0110000 00101 ..... 001 ..... 0010011" Zbb any;
            /// Make each byte that has a set bit all ones.
            orc_b           Unary     "0010100 00111 ..... 101 ..... 0010011" Zbb any;
            /// Count leading zeros of a word.
            clzw            Unary     "0110000 00000 ..... 001 ..... 0011011" Zbb rv64;
            /// Count trailing zeros of a word.
            ctzw            Unary     "0110000 00001 ..... 001 ..... 0011011" Zbb rv64;
            /// Count set bits of a word.
            cpopw           Unary     "0110000 00010 ..... 001 ..... 0011011" Zbb rv64;
            /// Zero-extend halfword: a special case of packw.
            zext_h          Unary     "0000100 00000 ..... 100 ..... 0111011" Zbb rv64;

            // Zbb and Zbkb.
            /// And with the second operand inverted.
            andn            R         "0100000 ..... ..... 111 ..... 0110011" (Zbb | Zbkb) any;
            /// Or with the second operand inverted.
            orn             R         "0100000 ..... ..... 110 ..... 0110011" (Zbb | Zbkb) any;
            /// Exclusive-nor.
            xnor            R         "0100000 ..... ..... 100 ..... 0110011" (Zbb | Zbkb) any;
            /// Rotate left.
            rol             R         "0110000 ..... ..... 001 ..... 0110011" (Zbb | Zbkb) any;
            /// Rotate right.
            ror             R         "0110000 ..... ..... 101 ..... 0110011" (Zbb | Zbkb) any;
            /// Rotate left, 32-bit.
            rolw            R         "0110000 ..... ..... 001 ..... 0111011" (Zbb | Zbkb) rv64;
            /// Rotate right, 32-bit.
            rorw            R         "0110000 ..... ..... 101 ..... 0111011" (Zbb | Zbkb) rv64;
            /// Rotate right by immediate, 32-bit.
            roriw           Shift5    "0110000 ..... ..... 101 ..... 0011011" (Zbb | Zbkb) rv64;
            /// Rotate right by immediate.
            rori            Shift6    "011000 ...... ..... 101 ..... 0010011" (Zbb | Zbkb) rv64;
            /// Reverse the bytes.
            rev8            Unary     "0110101 11000 ..... 101 ..... 0010011" (Zbb | Zbkb) rv64;

            // Zbc and Zbkc.
            /// Carry-less multiply, low half.
            clmul           R         "0000101 ..... ..... 001 ..... 0110011" (Zbc | Zbkc) any;
            /// Carry-less multiply, high half.
            clmulh          R         "0000101 ..... ..... 011 ..... 0110011" (Zbc | Zbkc) any;

            // Zbc.
            /// Carry-less multiply, reversed.
            clmulr          R         "0000101 ..... ..... 010 ..... 0110011" Zbc any;

            // Zbs.
            /// Clear a bit.
            bclr            R         "0100100 ..... ..... 001 ..... 0110011" Zbs any;
            /// Extract a bit.
            bext            R         "0100100 ..... ..... 101 ..... 0110011" Zbs any;
            /// Invert a bit.
            binv            R         "0110100 ..... ..... 001 ..... 0110011" Zbs any;
            /// Set a bit.
            bset            R         "0010100 ..... ..... 001 ..... 0110011" Zbs any;
            /// Clear the bit that an immediate names.
            bclri           Shift6    "010010 ...... ..... 001 ..... 0010011" Zbs rv64;
            /// Extract the bit that an immediate names.
            bexti           Shift6    "010010 ...... ..... 101 ..... 0010011" Zbs rv64;
            /// Invert the bit that an immediate names.
            binvi           Shift6    "011010 ...... ..... 001 ..... 0010011" Zbs rv64;
            /// Set the bit that an immediate names.
            bseti           Shift6    "001010 ...... ..... 001 ..... 0010011" Zbs rv64;

            // Zbkb.
            /// Pack the low halves of two registers.
            pack            R         "0000100 ..... ..... 100 ..... 0110011" Zbkb any;
            /// Pack the low bytes of two registers.
            packh           R         "0000100 ..... ..... 111 ..... 0110011" Zbkb any;
            /// Reverse the bits of each byte.
            brev8           Unary     "0110100 00111 ..... 101 ..... 0010011" Zbkb any;
            /// Pack the low halfwords of two registers.
            packw           R         "0000100 ..... ..... 100 ..... 0111011" Zbkb rv64;

            // Zbkx.
            /// Crossbar permutation of nibbles.
            xperm4          R         "0010100 ..... ..... 010 ..... 0110011" Zbkx any;
            /// Crossbar permutation of bytes.
            xperm8          R         "0010100 ..... ..... 100 ..... 0110011" Zbkx any;

            // Zicond.
            /// Zero if the condition is zero, else a copy.
            czero_eqz       R         "0000111 ..... ..... 101 ..... 0110011" Zicond any;
            /// Zero if the condition is not zero, else a copy.
            czero_nez       R         "0000111 ..... ..... 111 ..... 0110011" Zicond any;

            // The C extension: each row stands for a 32-bit instruction.
            @compressed
            /// Add a scaled immediate to the stack pointer.
            c_addi4spn      CAddi4spn  "000 ........ ... 00" C any = addi;
            /// Load double-precision value.
            c_fld           CLoadFD    "001 ... ... .. ... 00" (C & D) any = fld;
            /// Load word.
            c_lw            CLoadW     "010 ... ... .. ... 00" C any = lw;
            /// Load doubleword.
            c_ld            CLoadD     "011 ... ... .. ... 00" C rv64 = ld;
            /// Store double-precision value.
            c_fsd           CStoreFD   "101 ... ... .. ... 00" (C & D) any = fsd;
            /// Store word.
            c_sw            CStoreW    "110 ... ... .. ... 00" C any = sw;
            /// Store doubleword.
            c_sd            CStoreD    "111 ... ... .. ... 00" C rv64 = sd;
            /// No operation.
            c_nop           CNop       "000 . 00000 ..... 01" C any = addi;
            /// Add immediate.
            c_addi          CAddi      "000 . ..... ..... 01" C any = addi;
            /// Add immediate, 32-bit.
            c_addiw         CAddi      "001 . ..... ..... 01" C rv64 = addiw;
            /// Load immediate.
            c_li            CLi        "010 . ..... ..... 01" C any = addi;
            /// Add a scaled immediate to the stack pointer.
            c_addi16sp      CAddi16sp  "011 . 00010 ..... 01" C any = addi;
            /// Load upper immediate.
            c_lui           CLui       "011 . ..... ..... 01" C any = lui;
            /// Shift right logical by immediate.
            c_srli          CShiftP    "100 . 00 ... ..... 01" C rv64 = srli;
            /// Shift right arithmetic by immediate.
            c_srai          CShiftP    "100 . 01 ... ..... 01" C rv64 = srai;
            /// And immediate.
            c_andi          CAndi      "100 . 10 ... ..... 01" C any = andi;
            /// Subtract.
            c_sub           CArith     "100 0 11 ... 00 ... 01" C any = sub;
            /// Exclusive-or.
            c_xor           CArith     "100 0 11 ... 01 ... 01" C any = xor;
            /// Or.
            c_or            CArith     "100 0 11 ... 10 ... 01" C any = or;
            /// And.
            c_and           CArith     "100 0 11 ... 11 ... 01" C any = and;
            /// Subtract, 32-bit.
            c_subw          CArith     "100 1 11 ... 00 ... 01" C rv64 = subw;
            /// Add, 32-bit.
            c_addw          CArith     "100 1 11 ... 01 ... 01" C rv64 = addw;
            /// Jump.
            c_j             CJ         "101 ........... 01" C any = jal;
            /// Branch if equal to zero.
            c_beqz          CBranch    "110 ... ... ..... 01" C any = beq;
            /// Branch if not equal to zero.
            c_bnez          CBranch    "111 ... ... ..... 01" C any = bne;
            /// Shift left logical by immediate.
            c_slli          CSlli      "000 . ..... ..... 10" C rv64 = slli;
            /// Load double-precision value from the stack.
            c_fldsp         CFldsp     "001 . ..... ..... 10" (C & D) any = fld;
            /// Load word from the stack.
            c_lwsp          CLwsp      "010 . ..... ..... 10" C any = lw;
            /// Load doubleword from the stack.
            c_ldsp          CLdsp      "011 . ..... ..... 10" C rv64 = ld;
            /// Jump to a register.
            c_jr            CJr        "100 0 ..... 00000 10" C any = jalr;
            /// Copy a register.
            c_mv            CMv        "100 0 ..... ..... 10" C any = add;
            /// Breakpoint.
            c_ebreak        Bare       "100 1 00000 00000 10" C any = ebreak;
            /// Jump to a register and link.
            c_jalr          CJalr      "100 1 ..... 00000 10" C any = jalr;
            /// Add.
            c_add           CAdd       "100 1 ..... ..... 10" C any = add;
            /// Store double-precision value to the stack.
            c_fsdsp         CFsdsp     "101 ...... ..... 10" (C & D) any = fsd;
            /// Store word to the stack.
            c_swsp          CSwsp      "110 ...... ..... 10" C any = sw;
            /// Store doubleword to the stack.
            c_sdsp          CSdsp      "111 ...... ..... 10" C rv64 = sd;

            // Zcb.
            /// Load byte, zero-extended.
            c_lbu           CLoadB     "100 000 ... .. ... 00" Zcb any = lbu;
            /// Load halfword, zero-extended.
            c_lhu           CLoadH     "100 001 ... 0 . ... 00" Zcb any = lhu;
            /// Load halfword, sign-extended.
            c_lh            CLoadH     "100 001 ... 1 . ... 00" Zcb any = lh;
            /// Store byte.
            c_sb            CStoreB    "100 010 ... .. ... 00" Zcb any = sb;
            /// Store halfword.
            c_sh            CStoreH    "100 011 ... 0 . ... 00" Zcb any = sh;
            /// Zero-extend byte.
            c_zext_b        CZextB     "100 111 ... 11 000 01" Zcb any = andi;
            /// Sign-extend byte.
            c_sext_b        CUnary     "100 111 ... 11 001 01" (Zcb & Zbb) any = sext_b;
            /// Zero-extend halfword.
            c_zext_h        CUnary     "100 111 ... 11 010 01" (Zcb & Zbb) any = zext_h;
            /// Sign-extend halfword.
            c_sext_h        CUnary     "100 111 ... 11 011 01" (Zcb & Zbb) any = sext_h;
            /// Zero-extend word.
            c_zext_w        CUnary     "100 111 ... 11 100 01" (Zcb & Zba) rv64 = add_uw;
            /// Invert.
            c_not           CNot       "100 111 ... 11 101 01" Zcb any = xori;
            /// Multiply, low half.
            c_mul           CArith     "100 111 ... 10 ... 01" (Zcb & Zmmul) any = mul;

            // C with Zihintntl: special cases of c.add.
            /// The next access is not local to the innermost private cache.
            c_ntl_p1        Bare       "100 1 00000 00010 10" (C & Zihintntl) any = ntl_p1;
            /// The next access is not local to any private cache.
            c_ntl_pall      Bare       "100 1 00000 00011 10" (C & Zihintntl) any = ntl_pall;
            /// The next access is not local to the innermost shared cache.
            c_ntl_s1        Bare       "100 1 00000 00100 10" (C & Zihintntl) any = ntl_s1;
            /// The next access is not local to any cache.
            c_ntl_all       Bare       "100 1 00000 00101 10" (C & Zihintntl) any = ntl_all;

            // Zcmop.
            /// May-be-operation number n: writes nothing.
            c_mop           CMop       "011 0 0 ... 1 00000 01" Zcmop any = addi;
        }
    };
}

macro_rules! define_ops {
    (
        $($(#[doc = $doc:literal])+ $name:ident $format:ident $pattern:literal $needs:tt $xlen:ident;)+
        @compressed
        $($(#[doc = $cdoc:literal])+ $cname:ident $cformat:ident $cpattern:literal $cneeds:tt $cxlen:ident = $long:ident;)+
    ) => {
        /// The operation of an instruction: its mnemonic with `.` written as `_`.
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        pub enum Op {
            $($(#[doc = $doc])+ $name,)+
            $($(#[doc = $cdoc])+ $cname,)+
        }

        /// Every row of the table, in the table's order: `ROWS[op as usize]` is the row of `op`.
        pub static ROWS: [Row; Op::COUNT] = [
            $(Row::new(Op::$name, stringify!($name), Format::$format, $pattern, needs!($needs), Xlen::$xlen, None, concat!($($doc),+).trim_ascii()),)+
            $(Row::new(Op::$cname, stringify!($cname), Format::$cformat, $cpattern, needs!($cneeds), Xlen::$cxlen, Some(Op::$long), concat!($($cdoc),+).trim_ascii()),)+
        ];

        impl Op {
            /// The number of rows in the table.
            pub const COUNT: usize = [$(stringify!($name),)+ $(stringify!($cname),)+].len();
        }
    };
}
for_each_instruction!(define_ops);

/// One row of the instruction table.
#[derive(Debug)]
pub struct Row {
    /// The operation.
    pub op: Op,
    /// The name of the operation: the mnemonic with `.` written as `_`.
    pub name: &'static str,
    /// Where the operands are and how they are written.
    pub format: Format,
    /// The encoding as the table writes it: from the highest bit down, `.` for an operand bit.
    pub encoding: &'static str,
    /// The bits that are fixed.
    pub mask: u32,
    /// The values of the fixed bits.
    pub pattern: u32,
    /// 2 or 4 bytes.
    pub len: u8,
    /// The extensions that a hart must have to have it.
    pub needs: Needs,
    /// The base ISAs that have it.
    pub xlen: Xlen,
    /// The 32-bit instruction that a compressed one stands for.
    pub long: Option<Op>,
    /// One line for a reader.
    pub doc: &'static str,
}

impl Row {
    #[allow(clippy::too_many_arguments)]
    const fn new(
        op: Op,
        name: &'static str,
        format: Format,
        encoding: &'static str,
        needs: Needs,
        xlen: Xlen,
        long: Option<Op>,
        doc: &'static str,
    ) -> Row {
        let (mut mask, mut pattern, mut width, mut i) = (0u32, 0u32, 0, 0);
        let text = encoding.as_bytes();
        while i < text.len() {
            if text[i] != b' ' {
                mask = mask << 1 | (text[i] != b'.') as u32;
                pattern = pattern << 1 | (text[i] == b'1') as u32;
                width += 1;
            }
            i += 1;
        }
        assert!(width == if long.is_some() { 16 } else { 32 }, "a bit pattern has the wrong length");
        Row { op, name, format, encoding, mask, pattern, len: width / 8, needs, xlen, long, doc }
    }
}

/// The base ISAs that have an instruction.
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Xlen {
    /// RV32 and RV64.
    any,
    /// RV64 only.
    rv64,
}

impl Xlen {
    /// Whether the base ISA of `bits` bits is among them.
    pub const fn includes(self, bits: u32) -> bool {
        match self {
            Xlen::any => true,
            Xlen::rv64 => bits == 64,
        }
    }
}

impl Op {
    /// The table's row of this operation.
    #[inline]
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The operation with the given row number.
    pub fn from_index(index: usize) -> Option<Op> {
        ROWS.get(index).map(|row| row.op)
    }

    /// The 32-bit operation that a compressed one stands for; any other stands for itself.
    #[inline]
    pub fn long(self) -> Op {
        self.row().long.unwrap_or(self)
    }
}

/// A decoded instruction: its operation and the operands of its 32-bit form.
///
/// Fields that the operation does not use are zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inst {
    /// The operation; a `c_` one for a 16-bit instruction.
    pub op: Op,
    /// Destination register, 0 to 31.
    pub rd: u8,
    /// First source register; in the immediate forms of the CSR instructions, the immediate.
    pub rs1: u8,
    /// Second source register.
    pub rs2: u8,
    /// Third source register.
    pub rs3: u8,
    /// Rounding mode; in atomics aq (bit 1) and rl (bit 0).
    pub rm: u8,
    /// Immediate, sign-extended; shift amount; CSR number; bits 31:20 of a fence.
    pub imm: i32,
    /// The instruction word; the upper half is zero for a 16-bit instruction.
    pub bits: u32,
}

impl Inst {
    /// An instruction without operands, to be filled in by the caller.
    pub const fn new(op: Op) -> Inst {
        Inst { op, rd: 0, rs1: 0, rs2: 0, rs3: 0, rm: 0, imm: 0, bits: 0 }
    }

    /// The size in bytes: 2 or 4.
    #[inline]
    pub const fn size(&self) -> u64 {
        if self.bits & 3 == 3 { 4 } else { 2 }
    }

    /// The same instruction in its 32-bit form, with `bits` encoded anew.
    pub fn expand(&self) -> Inst {
        let mut long = Inst { op: self.op.long(), ..*self };
        long.bits = long.encode();
        long
    }

    /// The instruction word that the operation and operands stand for.
    ///
    /// Operands out of range are truncated to their field; the assembler checks them first.
    pub fn encode(&self) -> u32 {
        let row = self.op.row();
        row.pattern | row.format.insert(self) & !row.mask
    }
}
