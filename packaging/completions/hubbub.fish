# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_hubbub_global_optspecs
    string join \n config= listen= data= tls-cert= tls-key= tls-self-signed public-host= oper-password-file= max-connections= durability= sniff-time= trusted-proxy= join-timeout= handshake-timeout= server-password-file= motd= cloak show-addresses backlog= allow-origin= api-token-file= ws-echo server-name= register-after-join irc-sts= network-name= replay= keep-age= keep-count= keep-bytes= data-set-aside account-expiry= grace= strict-names multi require-account registration= files max-file= files-per-account= files-per-room= files-total= file-expiry= public-url= console console-quiet no-console admin-socket= take-over run-dir= http-status= state= cluster= node= cluster-password-file= cluster-replicas= cluster-wait= max-message= max-frame= presence-limit= rate-limit= connect-rate= max-per-address= limit-loopback idle-timeout= ping-interval= keepalive= sendq-soft= sendq-hard= sendq-time= sendq-total= h/help V/version
end

function __fish_hubbub_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_hubbub_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_hubbub_using_subcommand
    set -l cmd (__fish_hubbub_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c hubbub -n "__fish_hubbub_needs_command" -l config -d 'A file of options, each under the name that it has here; `hubbub config` prints an example. An argument wins over a variable (HUBBUB_MAX_MESSAGE), and that over the file' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l listen -d 'Where to listen: [DIALECT://]HOST:PORT or DIALECT+unix://PATH (PATH?mode=0666&group=NAME says who may connect), with tls+ in front for TLS; may be given again and again. Dialects: auto (found out from the first bytes), text, json, json+padded (for a client that reads 1,024 bytes at a time), pynet, anon, echo, colon, http, irc' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l data -d 'The directory in which history and accounts survive a restart, made where there is none. Without it each room\'s last 100 messages are in memory, and there are no accounts' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l tls-cert -d 'The certificate for TLS, PEM, its chain behind it; read again at SIGHUP' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l tls-key -d 'The certificate\'s private key, PEM' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l public-host -d 'A name that browsers know this server under, as in chat.example; may be given again and again. Under other names than this, localhost and addresses nothing of /ws and /api is answered then, as at doors of the loopback device anyway' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l oper-password-file -d 'The file whose first line makes an operator of who says /oper with it' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l max-connections -d 'Connections at once [default: what the limit of descriptors allows, less 32]' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l durability -d 'What a message that was told has survived: `seen`, it is told only when it is on disk; `soon`, it is told at once, and on disk within 50 ms' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l sniff-time -d 'How long the auto door waits for the first bytes before it greets in text; longer is better for browsers on networks that lose packets' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l trusted-proxy -d 'A proxy that is believed about whose a connection is: by the PROXY protocol\'s header at any door, by Forwarded and X-Forwarded-For over HTTP; `unix` is who comes by a Unix-domain door. May be given again and again. See `hubbub help proxies`' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l join-timeout -d 'How long a connection may take to give a name' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l handshake-timeout -d 'How long a TLS handshake or an HTTP request may take' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l server-password-file -d 'The file whose first line is asked of everybody who comes in: IRC clients send it with PASS, text and colon ask for it before the name, JSON takes it as `server_password`' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l motd -d 'The file that everybody is told who comes in by text, IRC, JSON or the page: at most 8 KiB; read again at SIGHUP' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l backlog -d 'Connections that the kernel queues before they are accepted' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l allow-origin -d 'A web page that may open WebSockets here, as in https://chat.example, or * for any; may be given again and again. The server\'s own page always may' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l api-token-file -d 'The file of bearer tokens for POST to /api/v1: a line each, TOKEN [NAME]' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l server-name -d 'The name of the server, as IRC clients are told it [default: the name of the host]' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l irc-sts -d 'Tell IRC clients to come by TLS only, for so long (IRCv3 sts): for a certificate that they can verify' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l network-name -d 'The name of the network, as IRC clients are told it' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l replay -d 'Messages that one is shown of a room by entering it with text; 0 is none' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l keep-age -d 'How long messages are kept' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l keep-count -d 'How many messages of each room are kept' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l keep-bytes -d 'How many bytes of messages of each room are kept' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l account-expiry -d 'How long an account lasts that nobody uses while the server runs' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l grace -d 'How long somebody may go by a registered name before logging in' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l registration -d 'Who may make an account: everybody, who has a code of an operator\'s (/invitecode), or nobody but with `hubbub account`' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l max-file -d 'The longest file' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l files-per-account -d 'All files that one account, or one guest, has shared' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l files-per-room -d 'All files of one room' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l files-total -d 'All files together' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l file-expiry -d 'How long a file is kept, and the message that shares it' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l public-url -d 'What links to files begin with, as in https://chat.example [default: the address that a reader has come to, and the port where HTTP is spoken; the first --public-host instead of that address]' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l admin-socket -d 'The operator\'s console on a Unix-domain socket, for root and the server\'s own user' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l run-dir -d 'The directory where a server and the program that takes over meet [default: $RUNTIME_DIRECTORY, which systemd sets, or the --data directory]' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l http-status -d 'Where /metrics and /stats are served over HTTP' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l state -d 'The file in which bans, mutes and locked rooms survive a restart [default: `settings` in the --data directory, where there is one]' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l cluster -d 'Be one chat with all servers that have this Redis (7 or newer): redis://HOST:PORT/DB?prefix=NAME, rediss:// over TLS, or redis+sentinel://HOST:PORT,HOST:PORT/NAME/DB' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l node -d 'The name of this server in the cluster, which no other has' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l cluster-password-file -d 'File with the password of that Redis; an ACL user is in the URL' -r -F
complete -c hubbub -n "__fish_hubbub_needs_command" -l cluster-replicas -d 'How many replicas of that Redis have what is acknowledged' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l cluster-wait -d 'How long a change waits for the cluster before it is refused' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l max-message -d 'The longest message, in bytes of UTF-8' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l max-frame -d 'The longest frame (line, JSON object), in bytes; at least the longest message' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l presence-limit -d 'Members of a room above which who joins and leaves is not told one by one, but counted and told once a second' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l rate-limit -d 'Requests of one connection: how many a second, and how many at once [default: 10,30 except for loopback; given here, it holds for everyone]' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l connect-rate -d 'Connects of one address: how many in what time; loopback is exempt' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l max-per-address -d 'Connections at once from one address (a /64 of IPv6); loopback is exempt' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l idle-timeout -d 'How long a user may send nothing' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l ping-interval -d 'How long nothing may come from a WebSocket before it is pinged, and then before it is dropped' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l keepalive -d 'TCP keepalive: how long a connection may be silent before it is probed' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l sendq-soft -d 'Bytes waiting for a slow reader above which its own requests wait' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l sendq-hard -d 'Bytes waiting for a slow reader above which it is dropped' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l sendq-time -d 'How long a slow reader may stay above the soft limit' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l sendq-total -d 'Memory for all that waits for slow readers; above it those who hold the most are dropped [default: a quarter of the memory allowed, at most 256MiB]' -r
complete -c hubbub -n "__fish_hubbub_needs_command" -l tls-self-signed -d 'TLS with a certificate made for trying; its fingerprint is printed. With --data it is kept there, and made anew when it has ended'
complete -c hubbub -n "__fish_hubbub_needs_command" -l cloak -d 'Show nobody\'s address to other users; else anon and colon doors show those of the users who came in by one'
complete -c hubbub -n "__fish_hubbub_needs_command" -l show-addresses -d 'Show everybody\'s address to other users'
complete -c hubbub -n "__fish_hubbub_needs_command" -l ws-echo -d 'Open /echo, a WebSocket that sends every message back, for conformance suites'
complete -c hubbub -n "__fish_hubbub_needs_command" -l register-after-join -d 'Have IRC clients come in before they make an account'
complete -c hubbub -n "__fish_hubbub_needs_command" -l data-set-aside -d 'If the database is broken, rename it and begin a new one, rather than not start'
complete -c hubbub -n "__fish_hubbub_needs_command" -l strict-names -d 'Refuse a registered name at once to who does not log in'
complete -c hubbub -n "__fish_hubbub_needs_command" -l multi -d 'Let every account be online from several connections, rather than only where a login asks for it'
complete -c hubbub -n "__fish_hubbub_needs_command" -l require-account -d 'Let nobody in, and tell nobody a word, who does not log in'
complete -c hubbub -n "__fish_hubbub_needs_command" -l files -d 'Let people share files in rooms, which are kept in the --data directory; see `hubbub help files`'
complete -c hubbub -n "__fish_hubbub_needs_command" -l console -d 'The operator\'s console on standard input; the default where that is a terminal'
complete -c hubbub -n "__fish_hubbub_needs_command" -l console-quiet -d 'Show nothing on the console\'s terminal but answers: not who comes and goes, and what is said'
complete -c hubbub -n "__fish_hubbub_needs_command" -l no-console -d 'No console, even on a terminal'
complete -c hubbub -n "__fish_hubbub_needs_command" -l take-over -d 'Take over from the server that runs with the same options: its connections stay, and nothing that is said is lost. Starts as ever where none runs'
complete -c hubbub -n "__fish_hubbub_needs_command" -l limit-loopback -d 'Hold loopback to the limits by address as well'
complete -c hubbub -n "__fish_hubbub_needs_command" -s h -l help -d 'Print help'
complete -c hubbub -n "__fish_hubbub_needs_command" -s V -l version -d 'Print version'
complete -c hubbub -n "__fish_hubbub_needs_command" -f -a "load" -d 'Loads a server with thousands of clients and checks what each of them hears'
complete -c hubbub -n "__fish_hubbub_needs_command" -f -a "history" -d 'Prints what was said in rooms and is kept'
complete -c hubbub -n "__fish_hubbub_needs_command" -f -a "account" -d 'Looks after the accounts in a server\'s database, beside the server or without it'
complete -c hubbub -n "__fish_hubbub_needs_command" -f -a "backup" -d 'Copies all that a server keeps (history, accounts) to a file, beside the server or without it'
complete -c hubbub -n "__fish_hubbub_needs_command" -f -a "health" -d 'Asks a server whether it is well, for a container that has no other program to ask with'
complete -c hubbub -n "__fish_hubbub_needs_command" -f -a "config" -d 'Prints an example of a file of options for --config'
complete -c hubbub -n "__fish_hubbub_needs_command" -f -a "check" -d 'Says whether a file of options, and the files that it names, are good'
complete -c hubbub -n "__fish_hubbub_needs_command" -f -a "help" -d 'Explains a topic, or a command'
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l scenario -d 'What the clients do; it sets defaults that the other options change: fanout (1,000 clients, 1 sender, 32 messages in flight), latency (20 messages a second), idle (10,000 come in and stay), rooms (1,000 rooms of 10, 2,000 messages a second), churn (a part leaves and joins again all the time), slow (a part never reads), join-storm (10,000 come in as fast as they can)' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l dialect -d 'What is spoken [default: what the address says, or text]: text, json, pynet, anon, colon, line, irc, redis, mqtt, nats; line is any server that passes lines on' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l clients -d 'Clients that listen, the senders among them [default: the scenario\'s]' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l senders -d 'Clients that speak [default: the scenario\'s]' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l rooms -d 'Rooms that the clients are spread over [default: the scenario\'s]' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l size -d 'A message\'s text, in bytes; from 24 up, for what is checked stands in it' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l rate -d 'An open loop: messages a second of all senders together, whatever the server makes of them; latency counts from the time at which each was due' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l window -d 'A closed loop: messages that each sender has in flight; one is done when all have heard it' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l for -d 'How long to speak, or to stay' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l messages -d 'Speak until so many messages were sent, however long it takes' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l ramp -d 'Connects a second [default: as many as the server takes]' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l pid -d 'The server\'s process: shows its processor time, memory and context switches' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l source -d 'Addresses to connect from, in turn: each has about 28,000 ports' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l slow-percent -d 'Of a hundred clients, how many never read (slow)' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l churn-percent -d 'Of a hundred clients, how many come and go (churn)' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l patience -d 'How long nothing may come before what is missing counts as lost' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l report -d 'Write a page with plots, too' -r -F
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l floor -d 'Serve instead, as the least server there can be: what one sends is written to all others, over TLS with tls:// in front' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -l json -d 'One JSON object on standard output instead of the table'
complete -c hubbub -n "__fish_hubbub_using_subcommand load" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hubbub -n "__fish_hubbub_using_subcommand history" -l data -d 'The directory that the server was given' -r -F
complete -c hubbub -n "__fish_hubbub_using_subcommand history" -l room -d 'Only this room' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand history" -l since -d 'Only what was said since: a time ago (2h, 7d), a time of today (14:05), a day (2026-11-21) or a time of it (2026-11-21T14:00) by local clocks, or seconds since 1970' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand history" -l search -d 'Only what has all of these words: `word*` is the beginning of one, `"two words"` a phrase, in a room or in all' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand history" -l limit -d 'Only the last N of it' -r
complete -c hubbub -n "__fish_hubbub_using_subcommand history" -l json -d 'A JSON object a line'
complete -c hubbub -n "__fish_hubbub_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and not __fish_seen_subcommand_from add passwd role remove list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and not __fish_seen_subcommand_from add passwd role remove list" -f -a "add" -d 'Make an account'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and not __fish_seen_subcommand_from add passwd role remove list" -f -a "passwd" -d 'Give an account another password'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and not __fish_seen_subcommand_from add passwd role remove list" -f -a "role" -d 'Make an account an operator, or a user again: at its next login'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and not __fish_seen_subcommand_from add passwd role remove list" -f -a "remove" -d 'Forget an account, its bots and what is theirs: at once for whoever logs in next'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and not __fish_seen_subcommand_from add passwd role remove list" -f -a "list" -d 'List the accounts and their bots'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and __fish_seen_subcommand_from add" -l data -d 'The server\'s directory (its --data)' -r -F
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and __fish_seen_subcommand_from passwd" -l data -d 'The server\'s directory (its --data)' -r -F
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and __fish_seen_subcommand_from passwd" -s h -l help -d 'Print help'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and __fish_seen_subcommand_from role" -l data -d 'The server\'s directory (its --data)' -r -F
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and __fish_seen_subcommand_from role" -s h -l help -d 'Print help'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and __fish_seen_subcommand_from remove" -l data -d 'The server\'s directory (its --data)' -r -F
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and __fish_seen_subcommand_from list" -l data -d 'The server\'s directory (its --data)' -r -F
complete -c hubbub -n "__fish_hubbub_using_subcommand account; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c hubbub -n "__fish_hubbub_using_subcommand backup" -l data -d 'The directory that the server was given' -r -F
complete -c hubbub -n "__fish_hubbub_using_subcommand backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hubbub -n "__fish_hubbub_using_subcommand health" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hubbub -n "__fish_hubbub_using_subcommand config" -s h -l help -d 'Print help'
complete -c hubbub -n "__fish_hubbub_using_subcommand check" -s h -l help -d 'Print help'
complete -c hubbub -n "__fish_hubbub_using_subcommand help" -s h -l help -d 'Print help'
