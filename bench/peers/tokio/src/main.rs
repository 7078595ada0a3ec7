//! An echo server on tokio, as its README writes it, on the runtime of one thread.
//!
//!     tokio-peer --serve tcp|unix|udp [--host 127.0.0.1] [--port 0] [--unix PATH]

use std::collections::HashMap;
use std::env;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket, UnixListener};
use tokio::signal::unix::{signal, SignalKind};

const RECEIVE_BYTES: usize = 64 * 1024;
const BACKLOG: u32 = 4096;

#[derive(Default)]
struct Flags(HashMap<String, String>);

impl Flags {
    fn read() -> Flags {
        let words: Vec<String> = env::args().skip(1).collect();
        let pairs = words.chunks_exact(2);
        Flags(pairs.map(|pair| (pair[0].clone(), pair[1].clone())).collect())
    }

    fn get<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.0.get(name).map_or(default, String::as_str)
    }

    fn address(&self) -> SocketAddr {
        let text = format!("{}:{}", self.get("--host", "127.0.0.1"), self.get("--port", "0"));
        text.parse().expect("--host must be an address, --port a number")
    }
}

async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = vec![0; RECEIVE_BYTES];
    loop {
        match stream.read(&mut buffer).await {
            // Ended, or gone.
            Ok(0) | Err(_) => return,
            Ok(length) => {
                if stream.write_all(&buffer[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn serve_tcp(address: SocketAddr) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    println!("listening on tcp://{}", listener.local_addr()?);
    loop {
        // Out of descriptors, or gone before it was accepted: the next one may be fine.
        if let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).ok();
            tokio::spawn(echo(stream));
        }
    }
}

async fn serve_unix(path: &str) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    println!("listening on unix://{}", path);
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    }
}

async fn serve_udp(address: SocketAddr) -> io::Result<()> {
    let socket = UdpSocket::bind(address).await?;
    println!("listening on udp://{}", socket.local_addr()?);
    let mut buffer = vec![0; RECEIVE_BYTES];
    loop {
        // An error is what the network says of an earlier datagram; the socket is as good as before.
        if let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
            socket.send_to(&buffer[..length], peer).await.ok();
        }
    }
}

async fn serve(flags: &Flags) -> io::Result<()> {
    match flags.get("--serve", "tcp") {
        "unix" => serve_unix(flags.get("--unix", "")).await,
        "udp" => serve_udp(flags.address()).await,
        _ => serve_tcp(flags.address()).await,
    }
}

fn main() -> io::Result<()> {
    let flags = Flags::read();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        let path = flags.0.get("--unix").cloned();
        tokio::spawn(async move {
            terminated.recv().await;
            path.map(std::fs::remove_file);
            std::process::exit(0);
        });
        serve(&flags).await
    })
}
