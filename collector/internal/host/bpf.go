package host

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxBPFPrograms = 4096
	maxBPFPins     = 4096 // files of the BPF file system
	maxBPFCgroups  = 4096 // cgroups asked
)

// bpfPrograms lists the programs loaded in the kernel with what keeps them there, and says whether the search for that
// was complete; nil without the right to ask.
//
// A program whose holder ends between the two looks seems to have none, so one without is looked for again. A root kit
// that changes the kernel can hide its programs from the list.
func (e *Env) bpfPrograms(doc *facts.Document, r *reading) ([]facts.BPFProgram, *bool) {
	out, ok := listBPF(r)
	if !ok {
		return nil, nil
	}
	if len(out) == 0 {
		return out, ptr(true)
	}
	known := e.bpfDescriptors(out)
	known = e.bpfPins(doc, out) && known
	known = e.bpfCgroups(out) && known
	kept := out[:0]
	for _, p := range out {
		if p.Holder == "" && !p.Pinned && p.Cgroup == "" {
			again, err := ebpf.NewProgramFromID(ebpf.ProgramID(p.ID))
			if errors.Is(err, fs.ErrNotExist) {
				continue // its holder has ended
			}
			if err == nil {
				again.Close()
			}
		}
		kept = append(kept, p)
	}
	return kept, &known
}

func listBPF(r *reading) (out []facts.BPFProgram, ok bool) {
	out = []facts.BPFProgram{}
	for id := ebpf.ProgramID(0); len(out) < maxBPFPrograms; {
		next, err := ebpf.ProgramGetNextID(id)
		if err != nil {
			if len(out) == 0 && !errors.Is(err, fs.ErrNotExist) {
				r.miss("bpf programs", err)
				return nil, false
			}
			return out, true
		}
		id = next
		p, err := ebpf.NewProgramFromID(id)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				continue // unloaded meanwhile
			}
			r.miss("bpf programs", err)
			return nil, false
		}
		if info, err := p.Info(); err == nil {
			prog := facts.BPFProgram{ID: uint32(id), Type: info.Type.String(), Name: info.Name}
			if uid, ok := info.CreatedByUID(); ok {
				prog.UID = &uid
			}
			out = append(out, prog)
		}
		p.Close()
	}
	return out, true
}

// bpfDescriptors finds the processes that hold the programs, or links to them, open. It says whether every process was
// looked through. Where several hold one, this agent's program is named before others, else the one with the lowest number.
func (e *Env) bpfDescriptors(programs []facts.BPFProgram) bool {
	byID := map[uint32]*facts.BPFProgram{}
	for i := range programs {
		byID[programs[i].ID] = &programs[i]
	}
	self, _ := e.ProcLink("/proc/self/exe")
	self = strings.TrimSuffix(self, " (deleted)")
	scan := e.processTable()
	for _, proc := range scan.procs {
		for _, fd := range proc.bpf {
			b, err := e.ReadProcLimit("/proc/"+strconv.Itoa(proc.pid)+"/fdinfo/"+fd, 64<<10)
			if err != nil {
				continue
			}
			p := byID[bpfProgramOf(b)]
			if p == nil {
				continue
			}
			ours := self != "" && proc.exe == self
			if p.Holder == "" || ours && !p.Ours {
				p.Holder, p.Ours = proc.exe, ours
				if proc.exe == "" {
					p.Holder = proc.comm
				}
			}
		}
	}
	return scan.err == nil && scan.denied == 0
}

// bpfProgramOf reads the program's number from the fdinfo of a program or of a link; 0: none.
func bpfProgramOf(fdinfo []byte) uint32 {
	for _, line := range lines(fdinfo) {
		if v, ok := strings.CutPrefix(line, "prog_id:"); ok {
			id, err := strconv.ParseUint(strings.TrimSpace(v), 10, 32)
			if err == nil {
				return uint32(id)
			}
		}
	}
	return 0
}

// bpfPins marks the programs that a BPF file system keeps, and says whether all of it was seen.
func (e *Env) bpfPins(doc *facts.Document, programs []facts.BPFProgram) bool {
	pinned := map[uint32]bool{}
	seen, complete := 0, true
	for _, root := range bpfFileSystems(doc) {
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if seen++; seen > maxBPFPins {
				return ErrTooLarge
			}
			if d.Type().IsRegular() {
				pinned[pinnedProgram(p)] = true
			}
			return nil
		})
		complete = complete && (err == nil || errors.Is(err, fs.ErrNotExist))
	}
	for i := range programs {
		programs[i].Pinned = pinned[programs[i].ID]
	}
	return complete
}

func bpfFileSystems(doc *facts.Document) []string {
	if doc.Mounts == nil || doc.Mounts.Live == nil {
		return []string{"/sys/fs/bpf"}
	}
	var out []string
	for _, m := range doc.Mounts.Live {
		if m.FSType == "bpf" {
			out = append(out, m.Target)
		}
	}
	return out
}

// pinnedProgram returns the number of the program that is pinned at a path, by itself or by a link; 0: neither.
func pinnedProgram(p string) uint32 {
	if prog, err := ebpf.LoadPinnedProgram(p, &ebpf.LoadPinOptions{ReadOnly: true}); err == nil {
		defer prog.Close()
		if info, err := prog.Info(); err == nil {
			id, _ := info.ID()
			return uint32(id)
		}
		return 0
	}
	if l, err := link.LoadPinnedLink(p, &ebpf.LoadPinOptions{ReadOnly: true}); err == nil {
		defer l.Close()
		if info, err := l.Info(); err == nil {
			return uint32(info.Program)
		}
	}
	return 0
}

// bpfCgroupHooks are the places of a cgroup at which a program of each type can stand.
var bpfCgroupHooks = map[string][]ebpf.AttachType{
	ebpf.CGroupSKB.String():    {ebpf.AttachCGroupInetIngress, ebpf.AttachCGroupInetEgress},
	ebpf.CGroupDevice.String(): {ebpf.AttachCGroupDevice},
	ebpf.CGroupSysctl.String(): {ebpf.AttachCGroupSysctl},
	ebpf.SockOps.String():      {ebpf.AttachCGroupSockOps},
	ebpf.CGroupSock.String(): {
		ebpf.AttachCGroupInetSockCreate, ebpf.AttachCgroupInetSockRelease, ebpf.AttachCGroupInet4PostBind, ebpf.AttachCGroupInet6PostBind,
	},
	ebpf.CGroupSockopt.String(): {ebpf.AttachCGroupGetsockopt, ebpf.AttachCGroupSetsockopt},
	ebpf.CGroupSockAddr.String(): {
		ebpf.AttachCGroupInet4Bind, ebpf.AttachCGroupInet6Bind, ebpf.AttachCGroupInet4Connect, ebpf.AttachCGroupInet6Connect,
		ebpf.AttachCGroupUDP4Sendmsg, ebpf.AttachCGroupUDP6Sendmsg, ebpf.AttachCGroupUDP4Recvmsg, ebpf.AttachCGroupUDP6Recvmsg,
		ebpf.AttachCgroupInet4GetPeername, ebpf.AttachCgroupInet6GetPeername, ebpf.AttachCgroupInet4GetSockname, ebpf.AttachCgroupInet6GetSockname,
	},
}

// bpfCgroups finds the cgroups at which programs stand that nobody holds: systemd's device and address filters are of that
// kind after it was started anew. It says whether every cgroup was asked.
func (e *Env) bpfCgroups(programs []facts.BPFProgram) bool {
	open := map[uint32]*facts.BPFProgram{}
	hooks := map[ebpf.AttachType]bool{}
	for i := range programs {
		p := &programs[i]
		if at := bpfCgroupHooks[p.Type]; p.Holder == "" && !p.Pinned && at != nil {
			open[p.ID] = p
			for _, h := range at {
				hooks[h] = true
			}
		}
	}
	if len(open) == 0 {
		return true
	}
	root := "/sys/fs/cgroup"
	if e.ProcExists(root + "/unified/cgroup.procs") {
		root += "/unified"
	}
	seen := 0
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed meanwhile
		case err != nil:
			return err
		case !d.IsDir():
			return nil
		}
		if seen++; seen > maxBPFCgroups {
			return ErrTooLarge
		}
		askCgroup(p, path.Join("/", strings.TrimPrefix(p, root)), hooks, open)
		return nil
	})
	return err == nil
}

func askCgroup(dir, name string, hooks map[ebpf.AttachType]bool, open map[uint32]*facts.BPFProgram) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	defer f.Close()
	for h := range hooks {
		res, err := link.QueryPrograms(link.QueryOptions{Target: int(f.Fd()), Attach: h})
		if err != nil {
			continue // this kernel has no such hook
		}
		for _, p := range res.Programs {
			if prog := open[uint32(p.ID)]; prog != nil && prog.Cgroup == "" {
				prog.Cgroup = name
			}
		}
	}
}
