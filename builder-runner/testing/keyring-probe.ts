// Programs that try the calls about keys (keyrings(7)), and say of each whether it was refused: EPERM, and nothing
// else.

/**
 * In Python, where there is no compiler. Prints `CALL[-ABI]=refused|answered,…` and after a semicolon the numbers of
 * the session keyrings that it sees in /proc/keys. The 32-bit calls of x86 go through `int 0x80`.
 */
export const keyringProbe = `
import ctypes, mmap, platform
libc = ctypes.CDLL(None, use_errno=True)
machine = platform.machine()
keyctl, add_key, request_key = {"x86_64": (250, 248, 249), "s390x": (280, 278, 279), "ppc64le": (271, 269, 270)}.get(machine, (219, 217, 218))
session = -3

def says(answer):
    return "refused" if answer == -1 else "answered"

def call(*words):
    return -ctypes.get_errno() if libc.syscall(*words) < 0 else 0

tries = [
    ("keyctl", lambda flag: call(keyctl | flag, 1, None)),
    ("add_key", lambda flag: call(add_key | flag, b"user", b"coppice", b"secret", 6, session)),
    ("request_key", lambda flag: call(request_key | flag, b"user", b"coppice", None, session)),
]
said = [f"{name}={says(work(0))}" for name, work in tries]
if machine == "x86_64":
    said += [f"{name}-x32={says(work(0x40000000))}" for name, work in tries]
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    # push rbx; mov eax, edi; mov ebx, 1; xor ecx, ecx; xor edx, edx; xor esi, esi; xor edi, edi; int 0x80; pop rbx; ret
    code.write(bytes.fromhex("5389f8bb0100000031c931d231f631ffcd805bc3"))
    enter = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    said += [f"{name}-i386={says(enter(number))}" for name, number in (("keyctl", 288), ("add_key", 286), ("request_key", 287))]
seen = [line.split()[0] for line in open("/proc/keys") if " _ses:" in line]
print(",".join(said) + ";" + ",".join(seen), end="")
`;

/**
 * The same calls, the first of which a builder itself may do, as lines of a `%build`: a program in C, which prints one
 * line, `key calls: …`.
 */
export const keyringProbeInC = `cat >keys.c <<'END'
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
static const char *says(long answer) { return answer == -EPERM ? "refused" : "answered"; }
static long call(long number, long first, const char *second) {
  return syscall(number, first, second, "secret", 6, -3) < 0 ? -errno : 0;
}
#ifdef __x86_64__
static long old(long number) {
  long answer;
  __asm__ volatile("push %%%%rbx; mov $1, %%%%ebx; int $0x80; pop %%%%rbx"
                   : "=a"(answer) : "a"(number), "c"(0), "d"(0), "S"(0), "D"(0) : "memory", "r8", "r9", "r10", "r11");
  return answer;
}
#endif
int main(void) {
  printf("key calls: keyctl=%s add_key=%s request_key=%s", says(call(SYS_keyctl, 1, 0)),
         says(call(SYS_add_key, (long)"user", "coppice")), says(call(SYS_request_key, (long)"user", "coppice")));
#ifdef __x86_64__
  const long x32 = 0x40000000;
  printf(" keyctl-x32=%s add_key-x32=%s request_key-x32=%s", says(call(SYS_keyctl | x32, 1, 0)),
         says(call(SYS_add_key | x32, (long)"user", "coppice")), says(call(SYS_request_key | x32, (long)"user", "coppice")));
  printf(" keyctl-i386=%s add_key-i386=%s request_key-i386=%s", says(old(288)), says(old(286)), says(old(287)));
#endif
  puts("");
  return 0;
}
END
gcc -o keys keys.c
./keys`;
