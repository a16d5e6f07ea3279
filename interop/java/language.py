"""Java: one Maven project; each peer is a class of it."""

import os
import shutil

from harness import command
from harness.cache import once
from harness.cases import CLIENT, VERIFIER
from harness.languages import CACHE, INTEROP, Peer

NAME = "java"
FOLDER = INTEROP / NAME
SOURCES = FOLDER / "src" / "main" / "java" / "interop"
BUILT = CACHE / NAME
BUILD_WITHIN_S = 600.0

# What they need of a compiler is little: they live for seconds.
JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx192m"]

def _peer(library: str, name: str, kind: str = CLIENT) -> Peer:
    words = [*JAVA, f"@{BUILT / 'classpath'}", f"interop.{name}"]
    return Peer(library, words, (kind,), source=SOURCES / f"{name}.java")


PEERS = [
    _peer("Nimbus OAuth 2.0 SDK", "NimbusClient"),
    _peer("Spring Security", "SpringClient"),
    _peer("ScribeJava", "ScribeClient"),
    _peer("google-oauth-client", "GoogleClient"),
    _peer("Apache Oltu", "OltuClient"),
    _peer("Vert.x auth", "VertxClient"),
    _peer("Apache Kafka", "KafkaClient"),
    _peer("nimbus-jose-jwt", "NimbusVerifier", VERIFIER),
    _peer("Spring Security (JWT)", "SpringVerifier", VERIFIER),
    _peer("jose4j", "Jose4jVerifier", VERIFIER),
    _peer("java-jwt", "Auth0Verifier", VERIFIER),
    _peer("jjwt", "JjwtVerifier", VERIFIER),
]


def prepare() -> None:
    """Builds anew when a source, a pin or Java has changed."""
    # Java tells its version on stderr, Maven Java's too.
    version = command.run(["mvn", "--version"], cwd=FOLDER, timeout_s=60)

    def build() -> None:
        shutil.rmtree(BUILT, ignore_errors=True)
        BUILT.mkdir(parents=True)
        jars = BUILT / "jars"
        words = ["compile", "dependency:build-classpath", f"-Dmdep.outputFile={jars}"]
        command.run(["mvn", "--quiet", "--batch-mode", *words], cwd=FOLDER, timeout_s=BUILD_WITHIN_S)
        path = os.pathsep.join([str(BUILT / "classes"), jars.read_text().strip()])
        (BUILT / "classpath").write_text(f"-cp\n{path}\n")

    once(BUILT / "stamp", [FOLDER / "pom.xml", *sorted(SOURCES.rglob("*.java")), version], build)
