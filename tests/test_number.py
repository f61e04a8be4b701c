"""Numbers in the adjustment files are read as the kernel's kstrtoint() reads them."""

import errno

import pytest
from doors import outcome
from hypothesis import example, given
from hypothesis import strategies as st

from fakeproc import World

SPACE = b"\t\n\v\f\r \xa0"

CASES = [
    # bytes, errno or the value that oom_score_adj then has
    (b"5", 5), (b"5\n", 5), (b"5\n\n", 5), (b" \t5 ", 5), (b"+5", 5), (b"\xa05", 5), (b"\v5\f", 5),
    (b"5\0junk", 5), (b"-5", -5), (b"-0", 0), (b"00", 0), (b"010", 8), (b"0x10", 16), (b"0X1f", 31), (b"-0x10", -16),
    (b"1000", 1000), (b"-1000", -1000), (b"1001", "EINVAL"), (b"-1001", "EINVAL"), (b"-17", -17), (b"", "EINVAL"),
    (b"\n", "EINVAL"), (b"-", "EINVAL"), (b"+-5", "EINVAL"), (b"-+5", "EINVAL"), (b"- 5", "EINVAL"), (b"08", "EINVAL"),
    (b"0x", "EINVAL"), (b"0xg", "EINVAL"), (b"5 6", "EINVAL"), (b"5,", "EINVAL"), (b"1e2", "EINVAL"),
    (b"5\n6", "EINVAL"), (b"0b1", "EINVAL"), (b"2147483647", "EINVAL"), (b"-2147483648", "EINVAL"),
    (b"0x7fffffff", "EINVAL"), (b"2147483648", "ERANGE"), (b"-2147483649", "ERANGE"), (b"99999999999", "ERANGE"),
    (b"0xffffffff", "ERANGE"), (b"037777777777", "ERANGE"), (b"99999999999x", "EINVAL"),
    (b"0000000000000000005", 0), (b" " * 11 + b"5", 5), (b" " * 12 + b"5", "EINVAL"), (b"5" + b" " * 11 + b"\n", 5),
]  # fmt: skip


@pytest.fixture(scope="module")
def target():
    return World().spawn("target")


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_a_number_is_read_as_kstrtoint_does(target, data, expected):
    result = outcome(lambda: target.write("oom_score_adj", data))
    seen = target.oom_score_adj if isinstance(result, int) else result
    assert seen == expected
    assert isinstance(expected, str) or result == min(len(data), 12)


def kstrtoint(data: bytes) -> int | str:
    """The same rule, said once more in Python, for the property below."""
    text = data[:12].split(b"\0")[0].strip(SPACE)
    sign, digits = (text[:1], text[1:]) if text[:1] in (b"-", b"+") else (b"", text)
    radix = 10
    if digits[:1] == b"0":
        radix = 8
        if digits[1:2] in (b"x", b"X") and digits[2:3] in [bytes([c]) for c in b"0123456789abcdefABCDEF"]:
            radix, digits = 16, digits[2:]
    if digits.endswith(b"\n"):
        digits = digits[:-1]
    try:
        if not digits or not digits.isalnum():
            return "EINVAL"
        value = int(digits.decode("ascii"), radix)
    except ValueError:
        return "EINVAL"
    value = -value if sign == b"-" else value
    return value if -(2**31) <= value < 2**31 else "ERANGE"


@given(
    st.text("0123456789abcxX+- \n\0\xa0", max_size=14).map(lambda text: text.encode("latin-1")) | st.binary(max_size=16)
)
@example(b"0x")
@example(b"-2147483648")
def test_any_bytes_are_read_as_the_rule_says(target, data):
    expected = kstrtoint(data)
    if isinstance(expected, int) and not -1000 <= expected <= 1000:
        expected = "EINVAL"
    target.set_adj(0, 0)
    result = outcome(lambda: target.write("oom_score_adj", data))
    assert (target.oom_score_adj if isinstance(result, int) else result) == expected
    assert isinstance(result, int) or result in errno.errorcode.values()
