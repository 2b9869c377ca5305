"""The controller with which ergochat/irctest runs against Hubbub.

The suite is not part of this repository. From a checkout of it, with its requirements installed:

    HUBBUB=/path/to/hubbub PYTHONPATH=/path/to/hubbub/tests/peers \\
        pytest --controller irctest_hubbub -m "not implementation-specific and not deprecated and not strict"
"""

import json
import os
import socket
from typing import Optional, Type

from irctest import patma
from irctest.basecontrollers import BaseServerController, DirectoryBasedController
from irctest.cases import BaseServerTestCase
from irctest.runner import NotImplementedByController
from irctest.specifications import Capabilities, OptionalBehaviors

HUBBUB = os.environ.get("HUBBUB", "hubbub")


class HubbubController(BaseServerController, DirectoryBasedController):
    software_name = "Hubbub"
    supported_sasl_mechanisms = {"PLAIN", "SCRAM-SHA-256"}
    supports_sts = False
    _port_wait_interval = 0.01
    extban_mute_char = "m"

    capabilities = frozenset(
        (
            Capabilities.ACCOUNT_NOTIFY,
            Capabilities.ACCOUNT_TAG,
            Capabilities.AWAY_NOTIFY,
            Capabilities.BATCH,
            Capabilities.ECHO_MESSAGE,
            Capabilities.EXTENDED_JOIN,
            Capabilities.EXTENDED_MONITOR,
            Capabilities.LABELED_RESPONSE,
            Capabilities.MESSAGE_TAGS,
            Capabilities.MULTI_PREFIX,
            Capabilities.SERVER_TIME,
            Capabilities.SETNAME,
        )
    )

    optional_behaviors = frozenset(
        (
            OptionalBehaviors.BAN_EXCEPTION_MODE,
            OptionalBehaviors.CAP_REQ_MINUS,
            OptionalBehaviors.ELIST_C,
            OptionalBehaviors.ELIST_M,
            OptionalBehaviors.ELIST_N,
            OptionalBehaviors.ELIST_T,
            OptionalBehaviors.ELIST_U,
            OptionalBehaviors.INVITE_EXCEPTION_MODE,
            OptionalBehaviors.INVITE_LIST,
            OptionalBehaviors.INVITE_OVERRIDES_LIMIT,
            OptionalBehaviors.MULTI_JOIN,
            OptionalBehaviors.MULTI_KICK,
            OptionalBehaviors.MULTI_NAMES_COMMAND,
            OptionalBehaviors.MULTI_PRIVMSG,
            OptionalBehaviors.NO_CTCP,
            OptionalBehaviors.SASL_AFTER_REGISTRATION,
            OptionalBehaviors.SASL_REAUTHENTICATION,
        )
    )

    isupport = {
        "BOT": "B",
        "CASEMAPPING": "ascii",
        "ELIST": patma.StrRe(".*U.*"),
        "EXCEPTS": "e",
        "INVEX": "I",
        "MONITOR": patma.ANYSTR,
        "MSGREFTYPES": "msgid,timestamp",
        "PREFIX": "(ov)@+",
        "TARGMAX": patma.ANYSTR,
        "UTF8ONLY": None,
        "WHOX": None,
    }

    def run(
        self,
        hostname: str,
        port: int,
        *,
        password: Optional[str],
        ssl: bool,
        run_services: bool,
        faketime: Optional[str],
        websocket_hostname: Optional[str] = None,
        websocket_port: Optional[int] = None,
    ) -> None:
        if self.test_config.account_registration_requires_email:
            raise NotImplementedByController("registration with an address")
        self.create_config()
        self.port = port
        self._arguments = [
            HUBBUB,
            "--no-console",
            *("--listen", f"{'tls+' if ssl else ''}irc://127.0.0.1:{port}"),
            *("--listen", f"json+unix://{self.directory / 'json'}"),
            *("--server-name", "My.Little.Server"),
            *("--network-name", "test server"),
            *("--data", str(self.directory / "data")),
            *("--oper-password-file", self._file("oper", "operpassword")),
            *("--replay", "0"),
            *("--rate-limit", "off"),
            *("--ping-interval", "5m"),
        ]
        if not self.test_config.account_registration_before_connect:
            self._arguments += ["--register-after-join"]
        if ssl:
            self._arguments += ["--tls-self-signed"]
        if password is not None:
            self._arguments += ["--server-password-file", self._file("server", password)]
        if websocket_port:
            door = f"auto://{websocket_hostname}:{websocket_port}"
            self._arguments += ["--listen", door, "--public-host", websocket_hostname]
        self.proc = self.execute(self._arguments)

    def wait_for_services(self) -> None:
        # Accounts are the server's own.
        pass

    def _file(self, name: str, content: str) -> str:
        with self.open_file(name, "w") as file:
            file.write(content + "\n")
        path = self.directory / name
        path.chmod(0o600)
        return str(path)

    def _register_as_object(self, username: str, password: str) -> None:
        """A password that is too long for a line of IRC."""
        self.wait_for_port()
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(5)
            door.connect(str(self.directory / "json"))
            join = {"type": "join", "username": username}
            register = {"type": "register", "password": password}
            door.sendall(f"{json.dumps(join)}\n{json.dumps(register)}\n".encode())
            answers = door.makefile()
            while (answer := json.loads(answers.readline()))["type"] != "ok":
                assert answer["type"] != "error", answer

    def registerUser(
        self, case: BaseServerTestCase, username: str, password: Optional[str] = None
    ) -> None:
        if password and len(password) > 300:
            return self._register_as_object(username, password)
        client = case.addClient(show_io=False)
        case.sendLine(client, "CAP LS 302")
        case.sendLine(client, "NICK " + username)
        case.sendLine(client, "USER r e g :user")
        case.sendLine(client, "CAP END")
        while case.getRegistrationMessage(client).command != "001":
            pass
        case.getMessages(client)
        assert password
        case.sendLine(client, f"REGISTER * * {password}")
        while (answer := case.getMessage(client)).command not in ("REGISTER", "FAIL"):
            pass
        assert answer.params[:2] == ["SUCCESS", username], answer
        case.sendLine(client, "QUIT")
        case.assertDisconnected(client)


def get_irctest_controller_class() -> Type[HubbubController]:
    return HubbubController


