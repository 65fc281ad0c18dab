// Tiny packages for tests of the whole line: their build takes no time, so that tests measure the line.

/** Path in the package's folder → text. A text that begins with `#!` makes an executable file. */
export type PackageFiles = Readonly<Record<string, string>>;

const head = (name: string) => `Name: ${name}
Version: 1.0
Release: 1%{?dist}
Summary: A package for tests
License: Apache-2.0
%global debug_package %{nil}
`;

/** A C library. */
export const libgreet: PackageFiles = {
  'greet.c': 'const char *greet(void) { return "hello, wood"; }\n',
  'libgreet.spec': `${head('libgreet')}Source0: greet.c
BuildRequires: gcc
%description
Greets.
%package devel
Summary: To link with libgreet
Requires: %{name}%{?_isa} = %{version}-%{release}
%description devel
To link with libgreet.
%prep
cp %{SOURCE0} .
%build
gcc -shared -fPIC -Wl,-soname,libgreet.so.1 -o libgreet.so.1 greet.c
%install
install -Dm755 libgreet.so.1 %{buildroot}%{_libdir}/libgreet.so.1
ln -s libgreet.so.1 %{buildroot}%{_libdir}/libgreet.so
%files
%{_libdir}/libgreet.so.1
%files devel
%{_libdir}/libgreet.so
`,
};

/** A program that needs the library, and tests itself. */
export const hello: PackageFiles = {
  'hello.c': '#include <stdio.h>\nconst char *greet(void);\nint main(void) { puts(greet()); return 0; }\n',
  'hello.spec': `${head('hello')}Source0: hello.c
BuildRequires: gcc libgreet-devel
%description
Says what libgreet greets with.
%prep
cp %{SOURCE0} .
%build
gcc -o hello hello.c -lgreet
%install
install -Dm755 hello %{buildroot}%{_bindir}/hello
%check
test "$(%{buildroot}%{_bindir}/hello)" = 'hello, wood'
%files
%{_bindir}/hello
`,
};

/** A package whose `%build` is this script; `more` goes into the spec's preamble. */
export function scripted(name: string, build: string, more = ''): PackageFiles {
  return {
    [`${name}.spec`]: `${head(name)}BuildArch: noarch
${more}%description
For tests.
%prep
%build
${build}
%install
mkdir -p %{buildroot}%{_datadir}
echo ${name} > %{buildroot}%{_datadir}/${name}
%files
%{_datadir}/${name}
`,
  };
}

/** A C program of a second or two; it requires the package `needs`, unless that is empty. */
export function program(name: string, needs: string): PackageFiles {
  return {
    [`${name}.c`]: `#include <stdio.h>\nint main(void) { puts("${name}"); return 0; }\n`,
    [`${name}.spec`]: `${head(name)}Source0: ${name}.c
BuildRequires: gcc${needs === '' ? '' : ` ${needs}`}
%description
For measurements.
%prep
cp %{SOURCE0} .
%build
gcc -O2 -o ${name} ${name}.c
%install
install -Dm755 ${name} %{buildroot}%{_bindir}/${name}
%check
%{buildroot}%{_bindir}/${name}
${needs === '' ? '' : `${needs}\n`}%files
%{_bindir}/${name}
`,
  };
}
