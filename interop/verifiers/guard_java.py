"""The verifier for Java: a servlet filter, in Jetty."""

import re
import sys

import guard
import peer
from guard import ROOT, Library, Program
from verifiers.language import JAVA_BUILT, MAVEN

FOLDER = ROOT / "verifiers" / "java"
# What they need of a compiler is little: they live for seconds.
JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"@{JAVA_BUILT / 'classpath'}"]

POM = (FOLDER / "pom.xml").read_text()
LIBRARY = Library(
    version=re.findall("<version>(.*?)</version>", POM)[0],
    unit=Program([*MAVEN, "test"], FOLDER),
    examples={"servlet": Program([*JAVA, "example.Books"], FOLDER)},
    patient=Program([*JAVA, "example.Patient"], FOLDER),
)

if __name__ == "__main__":
    sys.exit(peer.run(LIBRARY.version, guard.cases(LIBRARY)))
