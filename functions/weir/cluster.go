package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/fmath"
	"github.com/weir-engine/weir/shared/model"
)

// clustered is the outcome of weir cluster.
type clustered struct {
	K        int       `json:"k"`
	N        int       `json:"n"`
	Dropped  int       `json:"dropped"` // rows left out for a missing cell
	Seed     uint64    `json:"seed"`
	Log      bool      `json:"log"`
	Scale    bool      `json:"scale"`
	Columns  []string  `json:"columns"`
	Inertia  float64   `json:"inertia"` // sum of squared distances to the centres, in the units of the distances
	Clusters []cluster `json:"clusters"`
	Of       []int     `json:"of"` // cluster of each row, in the order of the table
}

// cluster is one of them; they are numbered from 1, the largest first.
type cluster struct {
	Cluster int          `json:"cluster"`
	N       int          `json:"n"`
	Share   float64      `json:"share"`
	Mean    model.Values `json:"mean"`   // of each column, as the table has it
	Center  []float64    `json:"center"` // in the units of the distances
}

// clusterFlags are the flags of weir cluster.
type clusterFlags struct {
	csv, out         string
	columns          []string
	k                int
	seed             uint64
	log, scale, drop bool
}

func (c *cli) clusterCommand() *cobra.Command {
	var f clusterFlags
	cmd := &cobra.Command{
		Use: "cluster", Short: "Cluster the rows of a table by k-means", Args: cobra.NoArgs,
		Long: `Partitions the rows of a CSV table into k clusters by k-means: starts of k-means++, the best of 20 runs. The same table, k and
seed give the same clusters, numbered from 1, the largest first.

Distances add up over columns, so columns of different size need --scale (mean 0, standard deviation 1), and amounts with a
long tail need --log (the logarithm of 1 + value, before the scaling). Without --columns every column of numbers takes part.
--out writes the table with a column "cluster" added. No base is needed.`,
		Example: `  weir cluster --csv rfm.csv --columns recency_days,frequency,monetary --log --scale --k 4
  weir export profiles | weir cluster --csv - --columns orders,spend_minor --log --scale --k 3 --out clusters.csv`,
		RunE: func(*cobra.Command, []string) error {
			s, err := c.readSheet(f.csv)
			if err != nil {
				return err
			}
			out, err := clusterRows(s, f)
			if err != nil {
				return err
			}
			if f.out != "" {
				if err := writeClusters(s, out, f.out); err != nil {
					return err
				}
			}
			return c.print(out, func(w io.Writer) { showClusters(w, out, f.out) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.csv, "csv", "", "the table; - for standard input")
	flags.IntVar(&f.k, "k", 0, "how many clusters")
	flags.StringSliceVar(&f.columns, "columns", nil, "columns to cluster by (default: every column of numbers)")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the starts")
	flags.BoolVar(&f.log, "log", false, "take the logarithm of 1 + value")
	flags.BoolVar(&f.scale, "scale", false, "scale each column to mean 0 and standard deviation 1")
	flags.BoolVar(&f.drop, "drop-missing", false, "leave out rows that miss one of these cells")
	flags.StringVar(&f.out, "out", "", "file for the table with the clusters")
	need(cmd, "csv", "k")
	return cmd
}

func clusterRows(s *sheet, f clusterFlags) (*clustered, error) {
	columns, err := s.numbersIn(f.columns)
	if err != nil {
		return nil, err
	}
	out := &clustered{K: f.k, Seed: f.seed, Log: f.log, Scale: f.scale}
	if out.Dropped, err = s.complete(columns, f.drop); err != nil {
		return nil, err
	}
	for _, at := range columns {
		out.Columns = append(out.Columns, s.heads[at])
	}
	plain, points, err := s.points(columns, f.log, f.scale)
	if err != nil {
		return nil, err
	}
	found, err := model.KMeans(points, f.k, f.seed)
	if err != nil {
		return nil, err
	}
	out.N, out.Inertia = len(points), found.Inertia
	for _, of := range found.Of {
		out.Of = append(out.Of, of+1)
	}
	for i, n := range found.Sizes {
		c := cluster{Cluster: i + 1, N: n, Share: float64(n) / float64(out.N), Center: found.Centers[i]}
		for d, name := range out.Columns {
			c.Mean = append(c.Mean, model.Value{Name: name, Value: meanOf(plain, found.Of, i, d, n)})
		}
		out.Clusters = append(out.Clusters, c)
	}
	return out, nil
}

// numbersIn returns the places of the named columns; of every column of numbers when none is named.
func (s *sheet) numbersIn(names []string) (out []int, err error) {
	for _, name := range names {
		at, err := s.column(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, at) {
			return nil, fault.New(fault.Invalid, "the column %q is named twice", name).WithHint("name it once")
		}
		out = append(out, at)
	}
	if names != nil {
		return out, nil
	}
	for at := range s.heads {
		if s.numeric(at) {
			out = append(out, at)
		}
	}
	if out == nil {
		return nil, fault.New(fault.Invalid, "%s has no column of numbers", s.name).WithHint("it has %s", s.names())
	}
	return out, nil
}

// points returns the columns as the table has them, and as distances are taken.
func (s *sheet) points(columns []int, log, scale bool) (plain, points [][]float64, err error) {
	plain, points = make([][]float64, len(s.rows)), make([][]float64, len(s.rows))
	for i := range s.rows {
		for _, at := range columns {
			v, err := s.number(i, at)
			if err != nil {
				return nil, nil, err
			}
			plain[i] = append(plain[i], v)
			if log {
				if v <= -1 {
					return nil, nil, fault.New(fault.Invalid, "%s: the logarithm of 1 + %v does not exist", s.at(i, at), v).
						WithHint("leave --log out, or take columns that are not negative")
				}
				v = fmath.Log1p(v)
			}
			points[i] = append(points[i], v)
		}
	}
	if scale {
		scales := model.Scales(points)
		for _, p := range points {
			for d := range p {
				p[d] = scales[d].Of(p[d])
			}
		}
	}
	return plain, points, nil
}

// meanOf is the mean of a column over the rows of a cluster.
func meanOf(rows [][]float64, of []int, cluster, column, n int) float64 {
	mean := 0.0
	for i, row := range rows {
		if of[i] == cluster {
			mean += row[column] / float64(n)
		}
	}
	return mean
}

func showClusters(w io.Writer, c *clustered, file string) {
	heads := []string{">cluster", ">rows", ">share"}
	for _, name := range c.Columns {
		heads = append(heads, ">mean "+name)
	}
	t := newTable(append(heads, "")...)
	for _, x := range c.Clusters {
		row := []string{number(x.Cluster), number(x.N), percent(x.Share)}
		for _, v := range x.Mean {
			row = append(row, short(v.Value))
		}
		t.row(append(row, bar(x.Share, 1, 20))...)
	}
	t.write(w)
	fmt.Fprintf(w, "%d rows in %d clusters, inertia %s, seed %d\n", c.N, c.K, short(c.Inertia), c.Seed)
	if c.Dropped > 0 {
		fmt.Fprintf(w, "%d rows were left out: a cell is missing\n", c.Dropped)
	}
	if file != "" {
		fmt.Fprintf(w, "wrote %s\n", file)
	}
}

// writeClusters writes the table with a column of clusters.
func writeClusters(s *sheet, c *clustered, name string) error {
	if s.has("cluster") {
		return fault.New(fault.Conflict, "%s has a column \"cluster\" already", s.name).WithHint("rename it first")
	}
	return writeWhole(name, func(to io.Writer) error {
		w := csv.NewWriter(to)
		_ = w.Write(append(slices.Clone(s.heads), "cluster")) // errors come back from Error
		for i, row := range s.rows {
			_ = w.Write(append(slices.Clone(row), strconv.Itoa(c.Of[i])))
		}
		w.Flush()
		if err := w.Error(); err != nil {
			return cannotWrite(name, err)
		}
		return nil
	})
}
