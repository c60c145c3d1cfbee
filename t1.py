import threading, replica, time
from mpmath import mp
from replica.models import Hopfield, PlantedHopfield
jobs=[(lambda p=p,a=a: replica.solve(Hopfield(alpha=a,T=0.3),precision=p)) for p in (20,30,40) for a in (.05,.06)]
jobs+=[lambda: replica.spinodal(Hopfield(alpha=0.1),along="alpha",precision=25), lambda: replica.solve(Hopfield(alpha=0.1),precision=30)]
def key(x):
    o=x.order
    vals=[*o, getattr(x,'value',0), x.states[0].free_energy if hasattr(x,'states') else x.free_energy, (x.states[0] if hasattr(x,'states') else x).curvature]
    return [getattr(v,'_mpf_',v) for v in vals]
t=time.time(); ref=[key(j()) for j in jobs]; print(time.time()-t, mp.dps)
for r in range(3):
    got=[None]*len(jobs)
    def run(i): got[i]=key(jobs[i]())
    th=[threading.Thread(target=run,args=(i,)) for i in range(len(jobs))]
    [x.start() for x in th];[x.join() for x in th]
    print(got==ref, mp.dps)
