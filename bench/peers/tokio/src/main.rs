//! Echo over tokio, as its own front page writes it, on one thread: https://tokio.rs/
//!
//!     tokio-echo [--host 127.0.0.1] [--port 0]

use std::env;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{signal, SignalKind};

const BACKLOG: u32 = 4096;
const READ_BYTES: usize = 64 * 1024;

fn flag(name: &str, default: &str) -> String {
    let mut arguments = env::args().skip_while(|argument| argument != name);
    arguments.nth(1).unwrap_or_else(|| default.to_string())
}

async fn serve(listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (mut socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut buffer = vec![0; READ_BYTES];
            loop {
                match socket.read(&mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(length) => {
                        if socket.write_all(&buffer[..length]).await.is_err() {
                            return;
                        }
                    }
                }
            }
        });
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = format!("{}:{}", flag("--host", "127.0.0.1"), flag("--port", "0"));
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address.parse().expect("--host and --port make no address"))?;
    let listener = socket.listen(BACKLOG)?;
    println!("listening on tcp://{}", listener.local_addr()?);
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = serve(listener) => result,
        _ = terminated.recv() => Ok(()),
    }
}
