//! temp
use crate::cluster::network::*;
use crate::cluster::caller::*;
use crate::cluster::frame;
use crate::cluster::peer::*;
use crate::model::NodeId;
use super::*;
use openraft::network::*;
use openraft::raft::*;
use openraft::error::*;
use serde::{Serialize, Deserialize};
use std::io;
#[derive(Serialize, Deserialize)]
enum Rpc { Append(AppendEntriesRequest<TypeConfig>), Vote(VoteRequest<u64>) }
#[derive(Serialize, Deserialize)]
enum Ans { Append(Result<AppendEntriesResponse<u64>, RaftError<u64>>), Vote(Result<VoteResponse<u64>, RaftError<u64>>) }
pub(crate) struct RaftPeers<N: Network> { n: N, target: u64, peer: Peer, s: parking_lot::Mutex<Option<N::Stream>> }
impl<N: Network> RaftPeers<N> {
  pub(crate) fn new(n: N, _c: ClusterId, _id: NodeId) -> Self { Self{n, target: 0, peer: Peer::default(), s: Default::default()} }
  async fn call(&mut self, q: &Rpc, o: &RPCOption) -> Result<Ans, Unreachable> {
    let r = tokio::time::timeout(o.hard_ttl().max(std::time::Duration::from_secs(1)), async {
        let mut s = match self.s.get_mut().take() { Some(s) => s, None => { let c = open(&self.n, &self.peer.address, Purpose::Raft).await?; if c.peer.0 != self.target { return Err(io::Error::other("another node")) } c.stream } };
        let a = exchange::<_, Rpc, Ans>(&mut s, Purpose::Raft, q).await?; *self.s.get_mut() = Some(s); Ok(a)
    }).await;
    match r { Ok(Ok(a)) => Ok(a), Ok(Err(e)) => Err(Unreachable::new(&e)), Err(e) => Err(Unreachable::new(&e)) }
  }
}
impl<N: Network> RaftNetworkFactory<TypeConfig> for RaftPeers<N> { type Network = Self; async fn new_client(&mut self, t: u64, n: &Peer) -> Self { Self{n: self.n.clone(), target: t, peer: n.clone(), s: Default::default()} } }
impl<N: Network> RaftNetwork<TypeConfig> for RaftPeers<N> {
 async fn append_entries(&mut self, q: AppendEntriesRequest<TypeConfig>, o: RPCOption) -> Result<AppendEntriesResponse<u64>, RPCError<u64, Peer, RaftError<u64>>> { match self.call(&Rpc::Append(q), &o).await? { Ans::Append(r) => r.map_err(|e| RemoteError::new(self.target, e).into()), _ => Err(Unreachable::new(&io::Error::other("bad answer")).into()) } }
 async fn vote(&mut self, q: VoteRequest<u64>, o: RPCOption) -> Result<VoteResponse<u64>, RPCError<u64, Peer, RaftError<u64>>> { match self.call(&Rpc::Vote(q), &o).await? { Ans::Vote(r) => r.map_err(|e| RemoteError::new(self.target, e).into()), _ => Err(Unreachable::new(&io::Error::other("bad answer")).into()) } }
 async fn full_snapshot(&mut self, _v: openraft::Vote<u64>, _s: openraft::Snapshot<TypeConfig>, _c: impl Future<Output = ReplicationClosed> + openraft::OptionalSend + 'static, _o: RPCOption) -> Result<SnapshotResponse<u64>, StreamingError<TypeConfig, Fatal<u64>>> { std::future::pending().await }
}
pub(crate) async fn serve_raft<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(raft: &openraft::Raft<TypeConfig>, _c: ClusterId, _f: NodeId, mut s: S) -> std::io::Result<()> {
  loop { let q: Rpc = frame::read(&mut s, Purpose::Raft.limit()).await?; let a = match q { Rpc::Append(x) => Ans::Append(raft.append_entries(x).await), Rpc::Vote(x) => Ans::Vote(raft.vote(x).await) }; frame::write(&mut s, &a).await?; }
}
pub(crate) async fn receive_snapshots<S>(_r: &openraft::Raft<TypeConfig>, _c: ClusterId, _f: NodeId, _s: S) -> std::io::Result<()> { Ok(()) }
